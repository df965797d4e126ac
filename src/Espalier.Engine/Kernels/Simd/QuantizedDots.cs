namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Products of few tokens with a quantized weight, at the speed at which its codes can be read: Σ (zero + scale · code) · x =
/// zero · Σ x + scale · Σ code · x, so that codes are only widened and multiplied, and scales come in once a group.
/// </summary>
internal static unsafe class QuantizedDots<TLanes, TCodes>
    where TLanes : struct, ILanes<TLanes>
    where TCodes : struct, ICodes<TLanes>
{
    private const int Half = QuantizedMatrix.Block / 2;

    // How far behind the next four rows, in bytes: what memory delivers while it is waited for.
    private const int Ahead = 1024;

    /// <summary>Rows [begin, end) for all tokens, y without bias.</summary>
    /// <param name="w">The weight.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">Behind the last row.</param>
    /// <param name="tokens">Rows of x.</param>
    /// <param name="x">The activations, rows filled up with zeros to whole blocks.</param>
    /// <param name="sums">For each token and group a vector whose lanes add up to the sum of x.</param>
    /// <param name="y">Tokens × rows of the weight.</param>
    public static void Multiply(in QuantizedMatrix w, int begin, int end, int tokens, float* x, float* sums, float* y)
    {
        int padded = w.Blocks * QuantizedMatrix.Block;
        nint ofToken = (nint)w.Groups * TLanes.Count;
        for (int row = begin; row < end; row += 4)
        {
            int rows = Math.Min(4, end - row), token = 0;
            for (; token + 4 <= tokens; token += 4)
            {
                float* x4 = x + ((nint)token * padded), sums4 = sums + (token * ofToken), y4 = y + ((nint)token * w.Rows) + row;
                TwoRows(w, row, Math.Min(2, rows), x4, padded, sums4, y4);
                if (rows > 2)
                {
                    TwoRows(w, row + 2, rows - 2, x4, padded, sums4, y4 + 2);
                }
            }

            for (; token < tokens; token++)
            {
                FourRows(w, row, rows, x + ((nint)token * padded), sums + (token * ofToken), y + ((nint)token * w.Rows) + row);
            }
        }
    }

    // One token. Rows that are not there are read as the first.
    private static void FourRows(in QuantizedMatrix w, int row, int rows, float* x, float* sums, float* y)
    {
        nint stride = w.RowBytes, p1 = rows > 1 ? stride : 0, p2 = rows > 2 ? 2 * stride : 0, p3 = rows > 3 ? 3 * stride : 0;
        byte* codes = w.Codes.Pointer + (row * stride);

        // Four short rows side by side are no stream that a processor foresees: the lines behind them are asked for, each once.
        byte* ahead = codes + (4 * stride) + Ahead;
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        nint g1 = rows > 1 ? groups : 0, g2 = rows > 2 ? 2 * groups : 0, g3 = rows > 3 ? 3 * groups : 0;
        float* scale = w.Scales.Pointer + ((nint)row * groups), zero = w.Zeros.Pointer + ((nint)row * groups);
        TLanes t0 = TLanes.Zero, t1 = TLanes.Zero, t2 = TLanes.Zero, t3 = TLanes.Zero;
        for (int left = blocks; left > 0; left -= blocksOfGroup)
        {
            TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            for (int block = Math.Min(left, blocksOfGroup); block > 0; block--)
            {
                CacheLines.Next(ahead, 4 * TCodes.BlockBytes);
                ahead += 4 * TCodes.BlockBytes;
                for (int c = 0; c < Half; c += TLanes.Count)
                {
                    TLanes x0 = TLanes.Load(x + c), x1 = TLanes.Load(x + Half + c);
                    TCodes.Load(codes, c, out TLanes first, out TLanes second);
                    a0 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a0));
                    TCodes.Load(codes + p1, c, out first, out second);
                    a1 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a1));
                    TCodes.Load(codes + p2, c, out first, out second);
                    a2 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a2));
                    TCodes.Load(codes + p3, c, out first, out second);
                    a3 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a3));
                }

                x += QuantizedMatrix.Block;
                codes += TCodes.BlockBytes;
            }

            TLanes sum = TLanes.Load(sums);
            t0 = TLanes.MultiplyAdd(TLanes.All(scale[0]), a0, TLanes.MultiplyAdd(TLanes.All(zero[0]), sum, t0));
            t1 = TLanes.MultiplyAdd(TLanes.All(scale[g1]), a1, TLanes.MultiplyAdd(TLanes.All(zero[g1]), sum, t1));
            t2 = TLanes.MultiplyAdd(TLanes.All(scale[g2]), a2, TLanes.MultiplyAdd(TLanes.All(zero[g2]), sum, t2));
            t3 = TLanes.MultiplyAdd(TLanes.All(scale[g3]), a3, TLanes.MultiplyAdd(TLanes.All(zero[g3]), sum, t3));
            sums += TLanes.Count;
            scale++;
            zero++;
        }

        FourSums.Store(TLanes.Sums(t0, t1, t2, t3), rows, y);
    }

    // Four tokens: a code is widened once for all of them.
    private static void TwoRows(in QuantizedMatrix w, int row, int rows, float* x, nint ldx, float* sums, float* y)
    {
        nint stride = w.RowBytes;
        byte* p0 = w.Codes.Pointer + (row * stride), p1 = rows > 1 ? p0 + stride : p0;
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        float* s0 = w.Scales.Pointer + ((nint)row * groups), s1 = rows > 1 ? s0 + groups : s0;
        float* z0 = w.Zeros.Pointer + ((nint)row * groups), z1 = rows > 1 ? z0 + groups : z0;
        nint ldSums = (nint)groups * TLanes.Count;
        TLanes t00 = TLanes.Zero, t01 = TLanes.Zero, t02 = TLanes.Zero, t03 = TLanes.Zero;
        TLanes t10 = TLanes.Zero, t11 = TLanes.Zero, t12 = TLanes.Zero, t13 = TLanes.Zero;
        for (int group = 0, block = 0; group < groups; group++)
        {
            TLanes a00 = TLanes.Zero, a01 = TLanes.Zero, a02 = TLanes.Zero, a03 = TLanes.Zero;
            TLanes a10 = TLanes.Zero, a11 = TLanes.Zero, a12 = TLanes.Zero, a13 = TLanes.Zero;
            for (int last = Math.Min(blocks, block + blocksOfGroup); block < last; block++)
            {
                for (int c = 0; c < Half; c += TLanes.Count)
                {
                    TCodes.Load(p0, c, out TLanes first0, out TLanes second0);
                    TCodes.Load(p1, c, out TLanes first1, out TLanes second1);
                    float* xc = x + c;
                    TLanes xa = TLanes.Load(xc), xb = TLanes.Load(xc + Half);
                    a00 = TLanes.MultiplyAdd(second0, xb, TLanes.MultiplyAdd(first0, xa, a00));
                    a10 = TLanes.MultiplyAdd(second1, xb, TLanes.MultiplyAdd(first1, xa, a10));
                    (xa, xb) = (TLanes.Load(xc + ldx), TLanes.Load(xc + ldx + Half));
                    a01 = TLanes.MultiplyAdd(second0, xb, TLanes.MultiplyAdd(first0, xa, a01));
                    a11 = TLanes.MultiplyAdd(second1, xb, TLanes.MultiplyAdd(first1, xa, a11));
                    (xa, xb) = (TLanes.Load(xc + (2 * ldx)), TLanes.Load(xc + (2 * ldx) + Half));
                    a02 = TLanes.MultiplyAdd(second0, xb, TLanes.MultiplyAdd(first0, xa, a02));
                    a12 = TLanes.MultiplyAdd(second1, xb, TLanes.MultiplyAdd(first1, xa, a12));
                    (xa, xb) = (TLanes.Load(xc + (3 * ldx)), TLanes.Load(xc + (3 * ldx) + Half));
                    a03 = TLanes.MultiplyAdd(second0, xb, TLanes.MultiplyAdd(first0, xa, a03));
                    a13 = TLanes.MultiplyAdd(second1, xb, TLanes.MultiplyAdd(first1, xa, a13));
                }

                x += QuantizedMatrix.Block;
                p0 += TCodes.BlockBytes;
                p1 += TCodes.BlockBytes;
            }

            TLanes scale0 = TLanes.All(s0[group]), scale1 = TLanes.All(s1[group]);
            TLanes zero0 = TLanes.All(z0[group]), zero1 = TLanes.All(z1[group]);
            float* sum = sums + (group * TLanes.Count);
            TLanes of = TLanes.Load(sum);
            t00 = TLanes.MultiplyAdd(scale0, a00, TLanes.MultiplyAdd(zero0, of, t00));
            t10 = TLanes.MultiplyAdd(scale1, a10, TLanes.MultiplyAdd(zero1, of, t10));
            of = TLanes.Load(sum + ldSums);
            t01 = TLanes.MultiplyAdd(scale0, a01, TLanes.MultiplyAdd(zero0, of, t01));
            t11 = TLanes.MultiplyAdd(scale1, a11, TLanes.MultiplyAdd(zero1, of, t11));
            of = TLanes.Load(sum + (2 * ldSums));
            t02 = TLanes.MultiplyAdd(scale0, a02, TLanes.MultiplyAdd(zero0, of, t02));
            t12 = TLanes.MultiplyAdd(scale1, a12, TLanes.MultiplyAdd(zero1, of, t12));
            of = TLanes.Load(sum + (3 * ldSums));
            t03 = TLanes.MultiplyAdd(scale0, a03, TLanes.MultiplyAdd(zero0, of, t03));
            t13 = TLanes.MultiplyAdd(scale1, a13, TLanes.MultiplyAdd(zero1, of, t13));
        }

        FourSums.Store(TLanes.Sums(t00, t01, t02, t03), 4, y, w.Rows);
        if (rows > 1)
        {
            FourSums.Store(TLanes.Sums(t10, t11, t12, t13), 4, y + 1, w.Rows);
        }
    }
}
