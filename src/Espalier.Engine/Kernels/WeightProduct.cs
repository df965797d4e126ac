using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// What a linear layer does to N tokens with a weight of O × I that is held compressed: yNO = activation(x·Wᵀ + b).
/// Matrices are row-major without gaps; y is overwritten.
/// </summary>
public readonly record struct WeightProduct
{
    /// <summary>Rows of x and y, N.</summary>
    public int Tokens { get; init; }

    /// <summary>N × I.</summary>
    public DeviceSpan<float> X { get; init; }

    /// <summary>O values added to every row, or empty.</summary>
    public DeviceSpan<float> Bias { get; init; }

    /// <summary>Applied after the bias.</summary>
    public Activation Activation { get; init; }

    /// <summary>N × O.</summary>
    public DeviceSpan<float> Y { get; init; }

    /// <summary>Checks spans against the weight's size.</summary>
    /// <exception cref="ArgumentException">One is too short, or the number of tokens negative.</exception>
    internal void Validate(int outputs, int inputs)
    {
        if (Tokens < 0 || X.Length < (long)Tokens * inputs || Y.Length < (long)Tokens * outputs
            || (!Bias.IsEmpty && Bias.Length < outputs))
        {
            throw new ArgumentException($"product of {Tokens} tokens with a weight of {outputs} × {inputs}: x has {X.Length} elements, "
                + $"y {Y.Length}, the bias {Bias.Length}");
        }
    }
}
