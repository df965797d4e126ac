using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>What comes before and after integer products: activations to codes, sums to floats.</summary>
internal static unsafe class IntegerRow
{
    /// <summary>
    /// Codes of one token as <see cref="ActivationCodes"/> defines them, with zeros up to <paramref name="bytes"/>; low,
    /// scale and the codes' sum go to <paramref name="row"/>.
    /// </summary>
    public static void Quantize(int columns, int bytes, float* x, byte* codes, float* row)
    {
        Vector256<float> least = default, most = default;
        int i = 0;
        for (; i + 8 <= columns; i += 8)
        {
            Vector256<float> values = Vector256.Load(x + i);
            (least, most) = (Vector256.Min(least, values), Vector256.Max(most, values));
        }

        float low = 0, high = 0;
        for (int lane = 0; lane < 8; lane++)
        {
            (low, high) = (MathF.Min(low, least[lane]), MathF.Max(high, most[lane]));
        }

        for (; i < columns; i++)
        {
            (low, high) = (MathF.Min(low, x[i]), MathF.Max(high, x[i]));
        }

        float factor = high > low ? ActivationCodes.Largest / (high - low) : 0;
        Vector256<int> total = default;
        for (i = 0; i + 8 <= columns; i += 8)
        {
            Vector256<int> rounded = Vector256.ConvertToInt32Native(
                Vector256.Round((Vector256.Load(x + i) - Vector256.Create(low)) * factor));
            total += rounded;
            Vector128<short> narrow = Vector128.Narrow(rounded.GetLower(), rounded.GetUpper());
            Vector128.Narrow(narrow, narrow).AsByte().GetLower().Store(codes + i);
        }

        int sum = Vector256.Sum(total);
        for (; i < columns; i++)
        {
            codes[i] = (byte)MathF.Round((x[i] - low) * factor);
            sum += codes[i];
        }

        new Span<byte>(codes + columns, bytes - columns).Clear();
        (row[0], row[1], row[2]) = (low, (high - low) / ActivationCodes.Largest, sum);
    }

    /// <summary>
    /// y of up to 32 rows of the weight for one token: Σ (low + scale · c)(zero + Δ · d), where the sums are Σ c · (d − 128).
    /// </summary>
    public static void Finish(in QuantizedMatrix w, int begin, int rows, float* row, int* sums, float* y)
    {
        (float low, float scale, float codes) = (row[0], row[1], row[2]);
        float* deltas = w.Scales.Pointer + begin, zeros = w.Zeros.Pointer + begin;
        int* codeSums = w.CodeSums.Pointer + begin;
        int i = 0;
        for (; i + 16 <= rows; i += 16)
        {
            Vector512<float> delta = Vector512.Load(deltas + i), zero = Vector512.Load(zeros + i);
            Vector512<float> products = Vector512.ConvertToSingle(Vector512.Load(sums + i) + Vector512.Create(128 * (int)codes));
            Vector512<float> weights = (delta * Vector512.ConvertToSingle(Vector512.Load(codeSums + i))) + (zero * (float)w.Columns);
            Vector512<float> rest = (zero * codes) + (delta * products);
            ((weights * low) + (rest * scale)).Store(y + i);
        }

        for (; i < rows; i++)
        {
            float weights = (deltas[i] * codeSums[i]) + (zeros[i] * w.Columns);
            float rest = (zeros[i] * codes) + (deltas[i] * (sums[i] + (128 * (int)codes)));
            y[i] = (weights * low) + (rest * scale);
        }
    }
}
