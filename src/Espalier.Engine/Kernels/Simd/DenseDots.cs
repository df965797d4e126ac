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
        for (int n = begin; n < end; n++)
        {
            float* b = g.B.Pointer + ((nint)n * g.LdB);
            for (int m = 0; m < g.M; m += Together)
            {
                float* a = g.A.Pointer + ((nint)m * g.LdA), c = g.C.Pointer + ((nint)m * g.LdC) + n;
                if (m + 1 == g.M)
                {
                    *c = Dot(g.K, a, b);
                }
                else
                {
                    Dots(Math.Min(Together, g.M - m), g.K, a, g.LdA, b, c, g.LdC);
                }
            }
        }
    }

    // Four sums hide the latency of multiply-adds.
    private static float Dot(int k, float* a, float* b)
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

        float sum = TLanes.Sum(s0 + s1 + (s2 + s3));
        for (; i < k; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }

    // Two to four tokens: those that are not there are read as the first.
    private static void Dots(int tokens, int k, float* a, nint lda, float* b, float* c, nint ldc)
    {
        float* a1 = a + lda, a2 = tokens > 2 ? a1 + lda : a, a3 = tokens > 3 ? a2 + lda : a;
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

        float* sums = stackalloc float[Together] { TLanes.Sum(s0), TLanes.Sum(s1), TLanes.Sum(s2), TLanes.Sum(s3) };
        for (; i < k; i++)
        {
            sums[0] += a[i] * b[i];
            sums[1] += a1[i] * b[i];
            sums[2] += a2[i] * b[i];
            sums[3] += a3[i] * b[i];
        }

        for (int token = 0; token < tokens; token++)
        {
            c[token * ldc] = sums[token];
        }
    }
}
