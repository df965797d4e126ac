using Espalier.Engine.Autograd;

namespace Espalier.Compression;

/// <summary>A tensor of a model as checkpoints store it, in host memory.</summary>
/// <param name="Name">Its name in checkpoints, without the model's prefix.</param>
/// <param name="Shape">Its size; a linear layer's weight is outputs × inputs.</param>
/// <param name="Values">Its values, row-major.</param>
public sealed record WeightTensor(string Name, Shape Shape, float[] Values)
{
    /// <summary>Which module of a Transformer it belongs to.</summary>
    public ModuleKind Kind { get; } = ModuleKinds.Of(Name);

    /// <summary>Throws if a value is infinite or no number.</summary>
    /// <exception cref="CompressionException">One is; the message says where.</exception>
    public void ThrowUnlessFinite()
    {
        int at = Array.FindIndex(Values, v => !float.IsFinite(v));
        if (at >= 0)
        {
            throw new CompressionException(
                $"tensor {Name} has the value {Values[at]} in row {at / Shape.Columns}, column {at % Shape.Columns}; expected finite "
                + "numbers only. The model is damaged or its training diverged: take an earlier checkpoint");
        }
    }
}
