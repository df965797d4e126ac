using System.IO.Enumeration;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Quantization;

/// <summary>How the weights of a model are quantized. The defaults are the paper's (§4.2): every tensor, one range each, min–max.</summary>
public sealed record QuantizationSettings
{
    /// <summary>Bits of a code, k, from 2 to 8.</summary>
    public int Bits { get; init; } = 8;

    /// <summary>What shares a range.</summary>
    public ScaleGranularity Granularity { get; init; }

    /// <summary>Columns of a group: 32, 64 or 128; used where groups share a range.</summary>
    public int GroupSize { get; init; } = 64;

    /// <summary>Which range.</summary>
    public RangeRule Range { get; init; }

    /// <summary>Names of tensors that stay at full precision; <c>*</c> stands for any part of a name.</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

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

        if (Granularity == ScaleGranularity.Group && GroupSize is not (32 or 64 or 128))
        {
            faults.Add($"groups of {GroupSize} columns; expected 32, 64 or 128");
        }

        if (!Enum.IsDefined(Range))
        {
            faults.Add($"range {Range}; expected {string.Join(", ", Enum.GetNames<RangeRule>())}");
        }

        return faults;
    }

    /// <summary>Whether a tensor stays at full precision.</summary>
    public bool Keeps(string tensor) => Keep.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, tensor, ignoreCase: false));

    /// <summary>The scheme of quantized tensors.</summary>
    public QuantizationScheme SchemeOf(int bits)
        => new(bits, Granularity, Granularity == ScaleGranularity.Group ? GroupSize : 0);
}
