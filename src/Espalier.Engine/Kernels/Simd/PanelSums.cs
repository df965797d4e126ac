using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>The sums of A's rows, taken from its packed panels.</summary>
internal static unsafe class PanelSums<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>sums[i] = or += the sum of row i over the k elements that are packed.</summary>
    public static void Add(int rows, int height, int k, bool columnwise, float* packed, float* sums, bool accumulate)
    {
        float* panelSums = stackalloc float[height];
        for (int i = 0; i < rows; i += height, packed += (nint)height * k)
        {
            if (columnwise)
            {
                SumColumnwise(height, k, packed, panelSums);
            }

            for (int r = 0; r < Math.Min(height, rows - i); r++)
            {
                float sum = columnwise ? panelSums[r] : Rows<TLanes>.Sum(k, packed + (r * (nint)k));
                sums[i + r] = accumulate ? sums[i + r] + sum : sum;
            }
        }
    }

    // Four rows at a time, as they lie side by side; what is left one by one. Two chains hide the additions' latency.
    private static void SumColumnwise(int height, int k, float* packed, float* sums)
    {
        int r = 0;
        for (; r + 4 <= height; r += 4)
        {
            Vector128<float> even = Vector128<float>.Zero, odd = even;
            float* x = packed + r;
            for (int p = 0; p + 2 <= k; p += 2, x += 2 * height)
            {
                even += Vector128.Load(x);
                odd += Vector128.Load(x + height);
            }

            if (k % 2 == 1)
            {
                even += Vector128.Load(x);
            }

            (even + odd).Store(sums + r);
        }

        for (; r < height; r++)
        {
            float even = 0, odd = 0;
            for (int p = 0; p < k; p += 2)
            {
                even += packed[(p * height) + r];
                odd += p + 1 < k ? packed[((p + 1) * height) + r] : 0;
            }

            sums[r] = even + odd;
        }
    }
}
