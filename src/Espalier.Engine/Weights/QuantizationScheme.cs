namespace Espalier.Engine.Weights;

/// <summary>What shares a range of values, that is, one Δ and one q0.</summary>
public enum QuantizationGranularity
{
    /// <summary>A whole tensor, as in the paper (§4.2).</summary>
    Tensor,

    /// <summary>Each row.</summary>
    Row,

    /// <summary>Each group of consecutive columns of a row; the last of a row may be shorter.</summary>
    Group,
}

/// <summary>How a tensor is quantized: value = q0 + Δ · code, codes of k bits.</summary>
/// <param name="Bits">k, from 2 to 8.</param>
/// <param name="Granularity">What shares a range.</param>
/// <param name="GroupSize">Columns of a group: 32, 64 or 128; 0 where no groups do.</param>
public readonly record struct QuantizationScheme(int Bits, QuantizationGranularity Granularity = QuantizationGranularity.Tensor, int GroupSize = 0)
{
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
            faults.Add($"granularity {Granularity}; expected {string.Join(", ", Enum.GetNames<QuantizationGranularity>())}");
        }

        if (Granularity == QuantizationGranularity.Group ? GroupSize is not (32 or 64 or 128) : GroupSize != 0)
        {
            faults.Add(Granularity == QuantizationGranularity.Group
                ? $"groups of {GroupSize} columns; expected 32, 64 or 128" : $"groups of {GroupSize} columns without groups; expected 0");
        }

        return faults;
    }

    /// <summary>Ranges of a tensor.</summary>
    public long Ranges(Autograd.Shape shape) => Granularity switch
    {
        QuantizationGranularity.Tensor => 1,
        QuantizationGranularity.Row => shape.Rows,
        _ => (long)shape.Rows * ((shape.Columns + GroupSize - 1) / GroupSize),
    };
}
