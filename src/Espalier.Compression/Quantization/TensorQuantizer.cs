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
    /// equal, so that it has no range.</exception>
    public static QuantizedValues Quantize(WeightTensor tensor, QuantizationScheme scheme, RangeRule rule, bool[]? kept = null)
    {
        tensor.ThrowUnlessFinite();
        ThrowIfConstant(tensor, kept);
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

    private static void ThrowIfConstant(WeightTensor tensor, bool[]? kept)
    {
        if (kept == null && tensor.Values.Length > 1 && Array.TrueForAll(tensor.Values, v => v == tensor.Values[0]))
        {
            throw new CompressionException(
                $"all weights of tensor {tensor.Name} are {tensor.Values[0]}: their range is zero, and a step of it too. "
                + $"Leave it at full precision with --keep {tensor.Name}, or train the model first");
        }
    }
}
