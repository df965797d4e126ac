using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Quantization;

/// <summary>A quantized tensor before it is packed.</summary>
/// <param name="Codes">A code for each weight, row-major; 0 for those that are pruned.</param>
/// <param name="Scales">Δ of each range, in the order of the tensor.</param>
/// <param name="Zeros">q0 of each range.</param>
/// <param name="SquaredError">Σ of the squared differences from the weights that stay.</param>
public sealed record QuantizedValues(byte[] Codes, float[] Scales, float[] Zeros, double SquaredError);

/// <summary>Quantizes tensors, range by range.</summary>
public static class TensorQuantizer
{
    /// <summary>Quantizes the weights of a tensor that stay; those that are pruned have no code, and no say in a range.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="scheme">Bits, and what shares a range.</param>
    /// <param name="rule">Which range.</param>
    /// <param name="kept">True for each weight that stays; null where all do.</param>
    /// <exception cref="CompressionException">A weight is infinite or no number, or all weights of a tensor that is not pruned are
    /// equal, so that it has no range, or lie too far apart.</exception>
    public static QuantizedValues Quantize(WeightTensor tensor, QuantizationScheme scheme, RangeRule rule, bool[]? kept = null)
    {
        tensor.ThrowUnlessFinite();
        ThrowIfConstant([tensor], _ => kept);
        int ranges = checked((int)scheme.ScaleCount(tensor.Shape));
        List<float> scales = new(ranges), zeros = new(ranges);
        byte[] codes = new byte[tensor.Values.Length], part = new byte[tensor.Values.Length];
        float[] stay = new float[tensor.Values.Length];
        double error = 0;
        foreach ((int start, int length) in Ranges(tensor.Shape, scheme))
        {
            int count = 0;
            for (int i = start; i < start + length; i++)
            {
                if (kept == null || kept[i])
                {
                    stay[count++] = tensor.Values[i];
                }
            }

            ReadOnlySpan<float> values = stay.AsSpan(0, count);
            (float scale, float zero) = UniformQuantizer.Quantize(values, scheme.Bits, rule, part.AsSpan(0, count));
            if (!float.IsFinite(scale) || !float.IsFinite(zero) || !float.IsFinite(zero + (scale * ((1 << scheme.Bits) - 1))))
            {
                throw new CompressionException(
                    $"tensor {tensor.Name} has weights from {tensor.Values.Min():G3} to {tensor.Values.Max():G3}, which lie too far apart for a step in single precision; "
                    + "the model is damaged or its training diverged: take an earlier checkpoint");
            }

            scales.Add(scale);
            zeros.Add(zero);
            error += UniformQuantizer.SquaredError(values, scale, zero, part.AsSpan(0, count));
            for (int i = start, at = 0; i < start + length; i++)
            {
                codes[i] = kept == null || kept[i] ? part[at++] : (byte)0;
            }
        }

        return new QuantizedValues(codes, [.. scales], [.. zeros], error);
    }

    private static int RangeLength(Shape shape, QuantizationScheme scheme) => scheme.Granularity switch
    {
        ScaleGranularity.Tensor => checked((int)shape.Count),
        ScaleGranularity.Row => shape.Columns,
        _ => Math.Min(shape.Columns, scheme.GroupSize),
    };

    // Where the columns are no multiple of a group, the last group of each row is shorter.
    private static IEnumerable<(int Start, int Length)> Ranges(Shape shape, QuantizationScheme scheme)
    {
        int row = scheme.Granularity == ScaleGranularity.Tensor ? checked((int)shape.Count) : shape.Columns;
        int length = RangeLength(shape, scheme);
        for (int start = 0; start < shape.Count; start += row)
        {
            for (int column = 0; column < row; column += length)
            {
                yield return (start + column, Math.Min(length, row - column));
            }
        }
    }

    /// <summary>Throws where tensors have no range: all their weights are equal, and none is pruned.</summary>
    /// <param name="tensors">The tensors.</param>
    /// <param name="kept">Of a tensor's name, true for each weight that stays; null where all do.</param>
    /// <exception cref="CompressionException">Some have none; the message names all of them.</exception>
    internal static void ThrowIfConstant(IEnumerable<WeightTensor> tensors, Func<string, bool[]?> kept)
    {
        WeightTensor[] constant =
            [.. tensors.Where(t => kept(t.Name) == null && t.Values.Length > 1 && Array.TrueForAll(t.Values, v => v == t.Values[0]))];
        if (constant.Length > 0)
        {
            (string others, string them) = constant.Length == 1 ? ("", "it") : ($", and so it is with {constant.Length - 1} more", "them");
            throw new CompressionException(
                $"all weights of tensor {constant[0].Name} are {constant[0].Values[0]}{others}: their range is zero, and a step of it too. "
                + $"Leave {them} at full precision with --keep {string.Join(' ', constant.Select(t => t.Name))}, or train the model first");
        }
    }
}
