using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>What <see cref="ILanes{TSelf}.Sums"/> made, put where it belongs.</summary>
internal static unsafe class FourSums
{
    /// <summary>The first <paramref name="count"/> sums go to neighbours.</summary>
    public static void Store(Vector128<float> sums, int count, float* y)
    {
        if (count == 4)
        {
            sums.Store(y);
        }
        else
        {
            Store(sums, count, y, 1);
        }
    }

    /// <summary>The first <paramref name="count"/> sums go to places <paramref name="stride"/> apart.</summary>
    public static void Store(Vector128<float> sums, int count, float* y, nint stride)
    {
        for (int i = 0; i < count; i++)
        {
            y[i * stride] = sums[i];
        }
    }
}
