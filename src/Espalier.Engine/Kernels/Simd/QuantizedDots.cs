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

    /// <summary>Rows [begin, end) for all tokens, y without bias.</summary>
    /// <param name="w">The weight.</param>
    /// <param name="begin">First row.</param>
    /// <param name="end">Behind the last row.</param>
    /// <param name="tokens">Rows of x.</param>
    /// <param name="x">The activations, rows filled up with zeros to whole blocks.</param>
    /// <param name="sums">For each token the sums of x by group.</param>
    /// <param name="y">Tokens × rows of the weight.</param>
    public static void Multiply(in QuantizedMatrix w, int begin, int end, int tokens, float* x, float* sums, float* y)
    {
        int padded = w.Blocks * QuantizedMatrix.Block;
        for (int row = begin; row < end; row += 4)
        {
            int rows = Math.Min(4, end - row), token = 0;
            for (; token + 4 <= tokens; token += 4)
            {
                float* x4 = x + ((nint)token * padded), y4 = y + ((nint)token * w.Rows) + row;
                TwoRows(w, row, Math.Min(2, rows), x4, padded, sums + (token * w.Groups), y4);
                if (rows > 2)
                {
                    TwoRows(w, row + 2, rows - 2, x4, padded, sums + (token * w.Groups), y4 + 2);
                }
            }

            for (; token < tokens; token++)
            {
                FourRows(w, row, rows, x + ((nint)token * padded), sums + (token * w.Groups), y + ((nint)token * w.Rows) + row);
            }
        }
    }

    // One token. Rows that are not there are read as the first.
    private static void FourRows(in QuantizedMatrix w, int row, int rows, float* x, float* sums, float* y)
    {
        nint stride = w.RowBytes;
        byte* p0 = w.Codes.Pointer + (row * stride);
        byte* p1 = rows > 1 ? p0 + stride : p0, p2 = rows > 2 ? p0 + (2 * stride) : p0, p3 = rows > 3 ? p0 + (3 * stride) : p0;
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        float* s0 = w.Scales.Pointer + ((nint)row * groups);
        float* s1 = rows > 1 ? s0 + groups : s0, s2 = rows > 2 ? s0 + (2 * groups) : s0, s3 = rows > 3 ? s0 + (3 * groups) : s0;
        TLanes t0 = TLanes.Zero, t1 = TLanes.Zero, t2 = TLanes.Zero, t3 = TLanes.Zero;
        for (int group = 0, block = 0; group < groups; group++)
        {
            TLanes a0 = TLanes.Zero, a1 = TLanes.Zero, a2 = TLanes.Zero, a3 = TLanes.Zero;
            for (int last = Math.Min(blocks, block + blocksOfGroup); block < last; block++)
            {
                // Four short rows side by side are no stream that a processor foresees: the next four are asked for.
                CacheLines.FourRows(p0 + (4 * stride), stride);
                for (int c = 0; c < Half; c += TLanes.Count)
                {
                    TLanes x0 = TLanes.Load(x + c), x1 = TLanes.Load(x + Half + c);
                    TCodes.Load(p0, c, out TLanes first, out TLanes second);
                    a0 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a0));
                    TCodes.Load(p1, c, out first, out second);
                    a1 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a1));
                    TCodes.Load(p2, c, out first, out second);
                    a2 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a2));
                    TCodes.Load(p3, c, out first, out second);
                    a3 = TLanes.MultiplyAdd(second, x1, TLanes.MultiplyAdd(first, x0, a3));
                }

                x += QuantizedMatrix.Block;
                p0 += TCodes.BlockBytes;
                p1 += TCodes.BlockBytes;
                p2 += TCodes.BlockBytes;
                p3 += TCodes.BlockBytes;
            }

            t0 = TLanes.MultiplyAdd(TLanes.All(s0[group]), a0, t0);
            t1 = TLanes.MultiplyAdd(TLanes.All(s1[group]), a1, t1);
            t2 = TLanes.MultiplyAdd(TLanes.All(s2[group]), a2, t2);
            t3 = TLanes.MultiplyAdd(TLanes.All(s3[group]), a3, t3);
        }

        float* zeros = w.Zeros.Pointer + ((nint)row * groups);
        for (int r = 0; r < rows; r++, zeros += groups)
        {
            y[r] = TLanes.Sum(r == 0 ? t0 : r == 1 ? t1 : r == 2 ? t2 : t3) + Dot(groups, zeros, sums);
        }
    }

    // Four tokens: a code is widened once for all of them.
    private static void TwoRows(in QuantizedMatrix w, int row, int rows, float* x, nint ldx, float* sums, float* y)
    {
        nint stride = w.RowBytes;
        byte* p0 = w.Codes.Pointer + (row * stride), p1 = rows > 1 ? p0 + stride : p0;
        int groups = w.Groups, blocks = w.Blocks, blocksOfGroup = groups == 1 ? blocks : w.GroupColumns / QuantizedMatrix.Block;
        float* s0 = w.Scales.Pointer + ((nint)row * groups), s1 = rows > 1 ? s0 + groups : s0;
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
            t00 = TLanes.MultiplyAdd(scale0, a00, t00);
            t01 = TLanes.MultiplyAdd(scale0, a01, t01);
            t02 = TLanes.MultiplyAdd(scale0, a02, t02);
            t03 = TLanes.MultiplyAdd(scale0, a03, t03);
            t10 = TLanes.MultiplyAdd(scale1, a10, t10);
            t11 = TLanes.MultiplyAdd(scale1, a11, t11);
            t12 = TLanes.MultiplyAdd(scale1, a12, t12);
            t13 = TLanes.MultiplyAdd(scale1, a13, t13);
        }

        float* zeros = w.Zeros.Pointer + ((nint)row * groups);
        for (int r = 0; r < rows; r++, zeros += groups)
        {
            y[r] = TLanes.Sum(r == 0 ? t00 : t10) + Dot(groups, zeros, sums);
            y[r + w.Rows] = TLanes.Sum(r == 0 ? t01 : t11) + Dot(groups, zeros, sums + groups);
            y[r + (2 * w.Rows)] = TLanes.Sum(r == 0 ? t02 : t12) + Dot(groups, zeros, sums + (2 * groups));
            y[r + (3 * w.Rows)] = TLanes.Sum(r == 0 ? t03 : t13) + Dot(groups, zeros, sums + (3 * groups));
        }
    }

    private static float Dot(int count, float* a, float* b)
    {
        TLanes sums = TLanes.Zero;
        int i = 0;
        for (; i + TLanes.Count <= count; i += TLanes.Count)
        {
            sums = TLanes.MultiplyAdd(TLanes.Load(a + i), TLanes.Load(b + i), sums);
        }

        float sum = i == 0 ? 0 : TLanes.Sum(sums);
        for (; i < count; i++)
        {
            sum += a[i] * b[i];
        }

        return sum;
    }
}
