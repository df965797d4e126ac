using Espalier.Compression.Pruning;
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

    /// <summary>Names of tensors that stay at full precision, with or without the prefix that they have in the file; <c>*</c> stands for
    /// any part of a name.</summary>
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
    public bool Keeps(string tensor) => Keep.Any(pattern => TensorPatterns.Matches(pattern, tensor));

    /// <summary>Throws where <see cref="Keep"/> names what is not there.</summary>
    /// <exception cref="CompressionException">It does; the message has the nearest name.</exception>
    public void ThrowUnlessKept(ModelWeights weights) => TensorPatterns.ThrowUnlessMatched(Keep, [.. weights.Tensors.Select(t => t.Name)]);

    /// <summary>Throws where tensors that are to be quantized have no range, all at once rather than one after the other.</summary>
    /// <param name="weights">The model.</param>
    /// <param name="masks">Which of its weights are pruned.</param>
    /// <exception cref="CompressionException">Some have none; the message names all of them.</exception>
    public void ThrowIfConstant(ModelWeights weights, WeightMasks masks)
        => TensorQuantizer.ThrowIfConstant(weights.Tensors.Where(t => !Keeps(t.Name)), masks.Of);

    /// <summary>Packs a tensor by these settings. As in the paper every one is quantized that is not kept; by other settings than the
    /// paper's one stays at full precision, too, that takes no more bytes so: its scale and names outweigh the weights of a small vector.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="bits">Its bits; null for full precision.</param>
    /// <param name="kept">True for each weight that stays; null where none is pruned.</param>
    /// <param name="leaveSmall">Whether to leave at full precision what takes no more bytes so; null as the settings are.</param>
    /// <exception cref="CompressionException">The tensor cannot be quantized.</exception>
    public PackedTensor Pack(WeightTensor tensor, int? bits, bool[]? kept, bool? leaveSmall = null)
    {
        if (bits is not { } b || Keeps(tensor.Name))
        {
            return PackedTensor.Of(tensor, null, Range, kept);
        }

        var quantized = PackedTensor.Of(tensor, SchemeOf(b), Range, kept);
        bool paper = (Granularity, Range) == (ScaleGranularity.Tensor, RangeRule.MinMax);
        if (!(leaveSmall ?? !paper) || quantized.Bytes < quantized.Stored.StoredElements * (long)sizeof(float))
        {
            return quantized;
        }

        var whole = PackedTensor.Of(tensor, null, Range, kept);
        return whole.Bytes <= quantized.Bytes ? whole : quantized;
    }

    /// <summary>The scheme of quantized tensors.</summary>
    public QuantizationScheme SchemeOf(int bits)
        => new(bits, Granularity, Granularity == ScaleGranularity.Group ? GroupSize : 0);
}
