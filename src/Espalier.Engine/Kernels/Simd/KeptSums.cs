using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// What the zeros of a quantized weight give where elements are pruned: Σ zero · Σ x over the columns that are there. The codes'
/// part needs no mask, as the code of a pruned element is 0.
/// </summary>
internal static unsafe class KeptSums<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Adds it to rows [begin, end) of all tokens.</summary>
    /// <param name="w">The weight, with a mask.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">Behind the last row.</param>
    /// <param name="tokens">Rows of x.</param>
    /// <param name="x">The activations, rows filled up with zeros to whole blocks.</param>
    /// <param name="y">Tokens × rows of the weight.</param>
    public static void Add(in QuantizedMatrix w, int begin, int end, int tokens, float* x, float* y)
    {
        int padded = w.Blocks * QuantizedMatrix.Block;
        int token = 0;
        for (; token + 4 <= tokens; token += 4)
        {
            for (int row = begin; row < end; row++)
            {
                FourTokens(w, row, x + ((nint)token * padded), padded, y + ((nint)token * w.Rows) + row);
            }
        }

        for (; token < tokens; token++)
        {
            for (int row = begin; row < end; row += 4)
            {
                FourRows(w, row, Math.Min(4, end - row), x + ((nint)token * padded), y + ((nint)token * w.Rows) + row);
            }
        }
    }

    // Rows that are not there are read as the first.
    private static void FourRows(in QuantizedMatrix w, int row, int rows, float* x, float* y)
    {
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        int* m0 = w.Mask.Pointer + ((nint)row * blocks);
        int* m1 = rows > 1 ? m0 + blocks : m0, m2 = rows > 2 ? m0 + (2 * blocks) : m0, m3 = rows > 3 ? m0 + (3 * blocks) : m0;
        float* z0 = w.Zeros.Pointer + ((nint)row * groups);
        float* z1 = rows > 1 ? z0 + groups : z0, z2 = rows > 2 ? z0 + (2 * groups) : z0, z3 = rows > 3 ? z0 + (3 * groups) : z0;
        TLanes t0 = TLanes.Zero, t1 = TLanes.Zero, t2 = TLanes.Zero, t3 = TLanes.Zero;
        for (int group = 0, block = 0; group < groups; group++)
        {
            TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            for (int last = Math.Min(blocks, block + blocksOfGroup); block < last; block++, x += QuantizedMatrix.Block)
            {
                int k0 = m0[block], k1 = m1[block], k2 = m2[block], k3 = m3[block];
                for (int c = 0; c < QuantizedMatrix.Block; c += TLanes.Count)
                {
                    TLanes values = TLanes.Load(x + c);
                    a0 += values & TLanes.Mask(k0 >> c);
                    a1 += values & TLanes.Mask(k1 >> c);
                    a2 += values & TLanes.Mask(k2 >> c);
                    a3 += values & TLanes.Mask(k3 >> c);
                }
            }

            t0 = TLanes.MultiplyAdd(TLanes.All(z0[group]), a0, t0);
            t1 = TLanes.MultiplyAdd(TLanes.All(z1[group]), a1, t1);
            t2 = TLanes.MultiplyAdd(TLanes.All(z2[group]), a2, t2);
            t3 = TLanes.MultiplyAdd(TLanes.All(z3[group]), a3, t3);
        }

        Vector128<float> sums = TLanes.Sums(t0, t1, t2, t3);
        if (rows == 4)
        {
            (Vector128.Load(y) + sums).Store(y);
            return;
        }

        for (int r = 0; r < rows; r++)
        {
            y[r] += sums[r];
        }
    }

    // A mask is spread over the lanes once for all of them.
    private static void FourTokens(in QuantizedMatrix w, int row, float* x, nint ldx, float* y)
    {
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        int* mask = w.Mask.Pointer + ((nint)row * blocks);
        float* zeros = w.Zeros.Pointer + ((nint)row * groups);
        TLanes t0 = TLanes.Zero, t1 = TLanes.Zero, t2 = TLanes.Zero, t3 = TLanes.Zero;
        for (int group = 0, block = 0; group < groups; group++)
        {
            TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            for (int last = Math.Min(blocks, block + blocksOfGroup); block < last; block++)
            {
                for (int c = 0; c < QuantizedMatrix.Block; c += TLanes.Count, x += TLanes.Count)
                {
                    TLanes kept = TLanes.Mask(mask[block] >> c);
                    a0 += TLanes.Load(x) & kept;
                    a1 += TLanes.Load(x + ldx) & kept;
                    a2 += TLanes.Load(x + (2 * ldx)) & kept;
                    a3 += TLanes.Load(x + (3 * ldx)) & kept;
                }
            }

            TLanes zero = TLanes.All(zeros[group]);
            t0 = TLanes.MultiplyAdd(zero, a0, t0);
            t1 = TLanes.MultiplyAdd(zero, a1, t1);
            t2 = TLanes.MultiplyAdd(zero, a2, t2);
            t3 = TLanes.MultiplyAdd(zero, a3, t3);
        }

        Vector128<float> sums = TLanes.Sums(t0, t1, t2, t3);
        y[0] += sums[0];
        y[w.Rows] += sums[1];
        y[2 * (nint)w.Rows] += sums[2];
        y[3 * (nint)w.Rows] += sums[3];
    }
}
