namespace Espalier.Compression.Quantization;

/// <summary>
/// Uniform quantization of a list of values (the paper's §4.2): code = round((clamp(w) − q0) / Δ), Δ = (q_max − q0) / (2^k − 1),
/// value = q0 + Δ · code. Halves round to even.
/// </summary>
public static class UniformQuantizer
{
    // Ranges to begin at, as parts of min–max, and how often each is bettered from there at most.
    private static readonly double[] s_starts = [1, 0.9, 0.8, 0.65, 0.5, 0.35];
    private const int Rounds = 6;

    /// <summary>Quantizes values that share a range.</summary>
    /// <param name="values">Finite numbers.</param>
    /// <param name="bits">k, from 2 to 8.</param>
    /// <param name="rule">Which range.</param>
    /// <param name="codes">Overwritten with a code for each value, from 0 to 2^k − 1.</param>
    /// <returns>Δ and q0. Where all values are equal Δ is 0, and q0 + Δ · code is exact.</returns>
    public static (float Scale, float Zero) Quantize(ReadOnlySpan<float> values, int bits, RangeRule rule, Span<byte> codes)
    {
        int top = (1 << bits) - 1;
        (float low, float high) = MinMax(values);
        float scale = (float)(((double)high - low) / top);
        if (rule == RangeRule.LeastSquares && scale > 0)
        {
            (scale, low) = LeastSquares(values, low, high, top, codes);
        }

        Encode(values, scale, low, top, codes);
        return (scale, low);
    }

    /// <summary>Σ (value − (q0 + Δ · code))².</summary>
    public static double SquaredError(ReadOnlySpan<float> values, float scale, float zero, ReadOnlySpan<byte> codes)
    {
        double sum = 0;
        for (int i = 0; i < values.Length; i++)
        {
            double difference = values[i] - (double)(zero + (scale * codes[i]));
            sum += difference * difference;
        }

        return sum;
    }

    private static (float Low, float High) MinMax(ReadOnlySpan<float> values)
    {
        if (values.IsEmpty)
        {
            return (0, 0);
        }

        (float low, float high) = (values[0], values[0]);
        foreach (float value in values)
        {
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        }

        return (low, high);
    }

    private static void Encode(ReadOnlySpan<float> values, float scale, float zero, int top, Span<byte> codes)
    {
        // A constant has no step; then the zero point alone is the value.
        double inverse = scale > 0 ? 1 / (double)scale : 0;
        for (int i = 0; i < values.Length; i++)
        {
            codes[i] = (byte)Math.Clamp(Math.Round(((double)values[i] - zero) * inverse), 0, top);
        }
    }

    /// <summary>
    /// By turns: the best codes for a range, and the line q0 + Δ · code of least squares through the values for these codes. Neither
    /// can add to the error, so each start ends at or below where it began, and the first start is min–max.
    /// </summary>
    private static (float Scale, float Zero) LeastSquares(
        ReadOnlySpan<float> values, float low, float high, int top, Span<byte> codes)
    {
        (float Scale, float Zero) best = default;
        double least = double.PositiveInfinity;
        foreach (double part in s_starts)
        {
            double center = ((double)low + high) / 2, half = part * ((double)high - low) / 2;
            (float scale, float zero) = ((float)(2 * half / top), part == 1 ? low : (float)(center - half));
            for (int round = 0; round <= Rounds && scale > 0; round++)
            {
                Encode(values, scale, zero, top, codes);
                double error = SquaredError(values, scale, zero, codes);
                if (error < least)
                {
                    (least, best) = (error, (scale, zero));
                }

                (scale, zero) = Line(values, codes);
            }
        }

        return best;
    }

    // Regression of the values on their codes; no slope where all codes are one.
    private static (float Scale, float Zero) Line(ReadOnlySpan<float> values, ReadOnlySpan<byte> codes)
    {
        double n = values.Length, sum = 0, codeSum = 0, squares = 0, products = 0;
        for (int i = 0; i < values.Length; i++)
        {
            (double value, double code) = (values[i], codes[i]);
            sum += value;
            codeSum += code;
            squares += code * code;
            products += code * value;
        }

        double spread = (n * squares) - (codeSum * codeSum);
        double scale = spread > 0 ? ((n * products) - (codeSum * sum)) / spread : 0;
        return ((float)scale, (float)((sum - (scale * codeSum)) / n));
    }
}
