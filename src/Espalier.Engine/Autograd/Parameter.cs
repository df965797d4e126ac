using Espalier.Engine.Memory;
using Espalier.Engine.Weights;

namespace Espalier.Engine.Autograd;

/// <summary>A tensor that is learnt. It lies, with its gradient, in the flat memory of its <see cref="ParameterSet"/>.</summary>
public sealed class Parameter
{
    internal Parameter(string name, Shape shape, bool decay, Initialization initialization)
        => (Name, Shape, Decay, Initialization) = (name, shape, decay, initialization);

    /// <summary>Its name in checkpoints.</summary>
    public string Name { get; }

    /// <summary>Its size; a linear layer's weight is outputs × inputs.</summary>
    public Shape Shape { get; }

    /// <summary>Weight decay applies to it: to matrices, not to biases and norms.</summary>
    public bool Decay { get; }

    /// <summary>How it begins.</summary>
    public Initialization Initialization { get; }

    /// <summary>Its values.</summary>
    public DeviceSpan<float> Data { get; internal set; }

    /// <summary>Where <see cref="Data"/> begins in <see cref="ParameterSet.Weights"/>.</summary>
    internal long Start { get; set; }

    /// <summary>Its gradient; meaningless until <see cref="HasGradient"/>.</summary>
    public DeviceSpan<float> Gradient { get; internal set; }

    /// <summary>
    /// A backward pass wrote its gradient since <see cref="ParameterSet.ForgetGradients"/>. The first writer overwrites,
    /// later ones and later micro-batches add, so that no pass over memory is spent on zeros.
    /// </summary>
    public bool HasGradient { get; internal set; }

    /// <summary>
    /// The names under which groups of rows are stored, where one matrix here is several in checkpoints
    /// (queries, keys and values); empty where it is stored whole.
    /// </summary>
    public IReadOnlyList<string> Parts { get; init; } = [];

    /// <summary>
    /// What it is held as instead of <see cref="Data"/>, where the set was made of compressed tensors
    /// (<see cref="ParameterSet.Allocate(IReadOnlyDictionary{string, CompressedTensor}, ActivationPrecision)"/>); else null.
    /// </summary>
    public Weight? Compressed { get; internal set; }

    /// <summary>Refuses a backward pass through a compressed weight.</summary>
    /// <exception cref="NotSupportedException">It has no gradient.</exception>
    internal void RequireGradient(string operation)
    {
        if (Compressed != null)
        {
            throw new NotSupportedException($"{operation}: {Name} is held compressed ({Compressed.Description}) and has no gradient");
        }
    }

    /// <summary>Claims the gradient for writing; true when the writer must add.</summary>
    internal bool ClaimGradient()
    {
        bool accumulate = HasGradient;
        HasGradient = true;
        return accumulate;
    }
}
