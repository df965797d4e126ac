using Espalier.Engine.Autograd;

namespace Espalier.Engine.Weights;

/// <summary>Which elements of a tensor share one scale and one zero.</summary>
public enum ScaleGranularity
{
    /// <summary>All of them (the paper's §4.2).</summary>
    Tensor,

    /// <summary>Those of a row.</summary>
    Row,

    /// <summary>Consecutive columns of a row; the last group of a row may be short.</summary>
    Group,
}

/// <summary>Uniform quantization (the paper's §4.2): value = zero + scale · code, codes of 0 to 2ᵏ − 1.</summary>
/// <param name="Bits">Bits of a code, k: 2 to 8.</param>
/// <param name="Granularity">Which elements share a scale and a zero.</param>
/// <param name="GroupSize">Columns of a group: 32, 64 or 128 with <see cref="ScaleGranularity.Group"/>, else 0.</param>
public readonly record struct QuantizationScheme(
    int Bits, ScaleGranularity Granularity = ScaleGranularity.Tensor, int GroupSize = 0)
{
    /// <summary>The largest code.</summary>
    public int LargestCode => (1 << Bits) - 1;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Bits is < 2 or > 8)
        {
            faults.Add($"{Bits} bits; expected 2 to 8");
        }

        if (!Enum.IsDefined(Granularity))
        {
            faults.Add($"granularity {Granularity}; expected {string.Join(", ", Enum.GetNames<ScaleGranularity>())}");
        }
        else if (Granularity == ScaleGranularity.Group ? GroupSize is not (32 or 64 or 128) : GroupSize != 0)
        {
            faults.Add($"groups of {GroupSize} columns with granularity {Granularity}; expected 32, 64 or 128 with Group, else 0");
        }

        return faults;
    }

    /// <summary>Scales (and zeros) of one row of <paramref name="columns"/> elements: 1 unless there are groups.</summary>
    public int GroupsOfRow(int columns)
        => Granularity == ScaleGranularity.Group ? (columns + GroupSize - 1) / GroupSize : 1;

    /// <summary>Scales (and zeros) of a tensor of <paramref name="shape"/>.</summary>
    public long ScaleCount(Shape shape)
        => Granularity == ScaleGranularity.Tensor ? 1 : (long)shape.Rows * GroupsOfRow(shape.Columns);

    /// <summary>Which scale belongs to an element.</summary>
    public int ScaleIndex(Shape shape, int row, int column) => Granularity switch
    {
        ScaleGranularity.Tensor => 0,
        ScaleGranularity.Row => row,
        _ => (row * GroupsOfRow(shape.Columns)) + (column / GroupSize),
    };
}
