using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Products of a few tokens with a dense weight as it is stored, outputs × inputs: packing it into panels would cost more than is
/// won by them. Up to four tokens take as long as reading the weight; a row of it serves more of them from the cache, four at a time.
/// </summary>
internal static unsafe class DenseDots<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Tokens of a product that are few.</summary>
    public const int Most = 16;

    private const int Together = 4;

    /// <summary>c = a·bᵀ for columns [begin, end) of C, without bias.</summary>
    public static void Multiply(in GemmArguments g, int begin, int end)
    {
        for (int n = begin; n < end; n += Together)
        {
            int columns = Math.Min(Together, end - n);
            float* b = g.B.Pointer + ((nint)n * g.LdB), c = g.C.Pointer + n;
            if (g.M == 1)
            {
                OneToken(columns, g.K, g.A.Pointer, b, g.LdB, c);
                continue;
            }

            for (int column = 0; column < columns; column++, b += g.LdB, c++)
            {
                for (int m = 0; m < g.M; m += Together)
                {
                    Tokens(Math.Min(Together, g.M - m), g.K, g.A.Pointer + ((nint)m * g.LdA), g.LdA, b, c + ((nint)m * g.LdC), g.LdC);
                }
            }
        }
    }

    // Columns that are not there are read as the first.
    private static void OneToken(int columns, int k, float* a, float* b, nint ldb, float* c)
    {
        float* b1 = columns > 1 ? b + ldb : b, b2 = columns > 2 ? b + (2 * ldb) : b, b3 = columns > 3 ? b + (3 * ldb) : b;
        FourSums.Store(TLanes.Sums(Dot(k, a, b), Dot(k, a, b1), Dot(k, a, b2), Dot(k, a, b3)), columns, c);
        for (int i = k / TLanes.Count * TLanes.Count; i < k; i++)
        {
            for (int column = 0; column < columns; column++)
            {
                c[column] += a[i] * b[(column * ldb) + i];
            }
        }
    }

    // The lanes add up to the sum, less what fills no vector. Four sums hide the latency of multiply-adds.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Dot(int k, float* a, float* b)
    {
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        int i = 0;
        for (; i + (4 * TLanes.Count) <= k; i += 4 * TLanes.Count)
        {
            s0 = TLanes.MultiplyAdd(TLanes.Load(b + i), a + i, s0);
            s1 = TLanes.MultiplyAdd(TLanes.Load(b + i + TLanes.Count), a + i + TLanes.Count, s1);
            s2 = TLanes.MultiplyAdd(TLanes.Load(b + i + (2 * TLanes.Count)), a + i + (2 * TLanes.Count), s2);
            s3 = TLanes.MultiplyAdd(TLanes.Load(b + i + (3 * TLanes.Count)), a + i + (3 * TLanes.Count), s3);
        }

        for (; i + TLanes.Count <= k; i += TLanes.Count)
        {
            s0 = TLanes.MultiplyAdd(TLanes.Load(b + i), a + i, s0);
        }

        return s0 + s1 + (s2 + s3);
    }

    // Up to four tokens: those that are not there are read as the first.
    private static void Tokens(int tokens, int k, float* a, nint lda, float* b, float* c, nint ldc)
    {
        float* a1 = tokens > 1 ? a + lda : a, a2 = tokens > 2 ? a + (2 * lda) : a, a3 = tokens > 3 ? a + (3 * lda) : a;
        TLanes s0 = TLanes.Zero, s1 = TLanes.Zero, s2 = TLanes.Zero, s3 = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= k; i += TLanes.Count)
        {
            TLanes weights = TLanes.Load(b + i);
            s0 = TLanes.MultiplyAdd(weights, a + i, s0);
            s1 = TLanes.MultiplyAdd(weights, a1 + i, s1);
            s2 = TLanes.MultiplyAdd(weights, a2 + i, s2);
            s3 = TLanes.MultiplyAdd(weights, a3 + i, s3);
        }

        FourSums.Store(TLanes.Sums(s0, s1, s2, s3), tokens, c, ldc);
        for (; i < k; i++)
        {
            for (int token = 0; token < tokens; token++)
            {
                c[token * ldc] += a[(token * lda) + i] * b[i];
            }
        }
    }
}
