namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// A sparse weight times a block of tokens that stand side by side (activations turned: a row for each column of the weight),
/// so that one stored element multiplies whole vectors of tokens.
/// </summary>
internal static unsafe class SparseTokens<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Tokens of a wide block.</summary>
    public static int Wide => 4 * TLanes.Count;

    /// <summary>y += W·x for rows [begin, end) of the weight; x is columns × width, y rows × width from row begin on.</summary>
    public static void Multiply(in SparseMatrix w, int begin, int end, bool wide, float* x, float* y)
    {
        int width = wide ? Wide : TLanes.Count;
        byte* places = w.Places.Pointer;
        float* values = w.Values.Pointer;
        for (int block = 0; block < w.Blocks; block++, x += (nint)SparseMatrix.Block * width)
        {
            int* starts = w.Starts.Pointer + ((nint)block * w.Rows);
            float* target = y;
            for (int row = begin; row < end; row++, target += width)
            {
                int first = starts[row], count = starts[row + 1] - first;
                if (count == 0)
                {
                    continue;
                }

                if (wide)
                {
                    AddWide(count, places + first, values + first, x, target);
                }
                else
                {
                    AddNarrow(count, places + first, values + first, x, target);
                }
            }
        }
    }

    // Two elements at a time on sums of their own: eight chains of multiply-adds hide their latency.
    private static void AddWide(int count, byte* places, float* values, float* x, float* y)
    {
        TLanes a0 = TLanes.Load(y), a1 = TLanes.Load(y + TLanes.Count);
        TLanes a2 = TLanes.Load(y + (2 * TLanes.Count)), a3 = TLanes.Load(y + (3 * TLanes.Count));
        TLanes b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
        for (int i = 0; i < count; i += 2)
        {
            float* xa = x + (places[i] * Wide), xb = x + (places[i + 1] * Wide);
            TLanes va = TLanes.All(values[i]), vb = TLanes.All(values[i + 1]);
            a0 = TLanes.MultiplyAdd(va, TLanes.Load(xa), a0);
            a1 = TLanes.MultiplyAdd(va, TLanes.Load(xa + TLanes.Count), a1);
            a2 = TLanes.MultiplyAdd(va, TLanes.Load(xa + (2 * TLanes.Count)), a2);
            a3 = TLanes.MultiplyAdd(va, TLanes.Load(xa + (3 * TLanes.Count)), a3);
            b0 = TLanes.MultiplyAdd(vb, TLanes.Load(xb), b0);
            b1 = TLanes.MultiplyAdd(vb, TLanes.Load(xb + TLanes.Count), b1);
            b2 = TLanes.MultiplyAdd(vb, TLanes.Load(xb + (2 * TLanes.Count)), b2);
            b3 = TLanes.MultiplyAdd(vb, TLanes.Load(xb + (3 * TLanes.Count)), b3);
        }

        (a0 + b0).Store(y);
        (a1 + b1).Store(y + TLanes.Count);
        (a2 + b2).Store(y + (2 * TLanes.Count));
        (a3 + b3).Store(y + (3 * TLanes.Count));
    }

    private static void AddNarrow(int count, byte* places, float* values, float* x, float* y)
    {
        TLanes a = TLanes.Load(y), b = TLanes.Zero;
        for (int i = 0; i < count; i += 2)
        {
            a = TLanes.MultiplyAdd(TLanes.All(values[i]), TLanes.Load(x + (places[i] * TLanes.Count)), a);
            b = TLanes.MultiplyAdd(TLanes.All(values[i + 1]), TLanes.Load(x + (places[i + 1] * TLanes.Count)), b);
        }

        (a + b).Store(y);
    }
}
