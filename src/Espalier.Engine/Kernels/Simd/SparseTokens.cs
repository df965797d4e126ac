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

    /// <summary>y += W·x for rows [begin, end) of the weight, begin at a window's first; x is columns × width, y rows × width
    /// from row begin on.</summary>
    public static void Multiply(in SparseMatrix w, int begin, int end, bool wide, float* x, float* y)
    {
        byte* places = w.Places.Pointer;
        float* values = w.Values.Pointer;
        for (int block = 0; block < w.Blocks; block++)
        {
            int* starts = w.Starts.Pointer + ((long)block * w.Rows);
            byte* order = w.Order.Pointer + ((long)block * w.Rows);
            if (wide)
            {
                MultiplyWide(starts, order, begin, end, places, values, x + ((nint)block * SparseMatrix.Block * Wide), y);
            }
            else
            {
                MultiplyNarrow(starts, order, begin, end, places, values, x + ((nint)block * SparseMatrix.Block * TLanes.Count), y);
            }
        }
    }

    // Two elements at a time on sums of their own: eight chains of multiply-adds hide their latency.
    private static void MultiplyWide(int* starts, byte* order, int begin, int end, byte* places, float* values, float* x, float* sums)
    {
        for (int i = begin; i < end; i++)
        {
            byte* place = places + starts[i], last = places + starts[i + 1];
            float* value = values + starts[i];
            float* y = sums + (((nint)(i / SparseMatrix.Window * SparseMatrix.Window) + order[i] - begin) * Wide);
            TLanes a0 = TLanes.Load(y), a1 = TLanes.Load(y + TLanes.Count);
            TLanes a2 = TLanes.Load(y + (2 * TLanes.Count)), a3 = TLanes.Load(y + (3 * TLanes.Count));
            TLanes b0 = TLanes.Zero, b1 = TLanes.Zero, b2 = TLanes.Zero, b3 = TLanes.Zero;
            for (; place < last; place += 2, value += 2)
            {
                float* xa = x + ((nint)place[0] * Wide), xb = x + ((nint)place[1] * Wide);
                TLanes va = TLanes.All(value[0]), vb = TLanes.All(value[1]);
                a0 = TLanes.MultiplyAdd(va, xa, a0);
                a1 = TLanes.MultiplyAdd(va, xa + TLanes.Count, a1);
                a2 = TLanes.MultiplyAdd(va, xa + (2 * TLanes.Count), a2);
                a3 = TLanes.MultiplyAdd(va, xa + (3 * TLanes.Count), a3);
                b0 = TLanes.MultiplyAdd(vb, xb, b0);
                b1 = TLanes.MultiplyAdd(vb, xb + TLanes.Count, b1);
                b2 = TLanes.MultiplyAdd(vb, xb + (2 * TLanes.Count), b2);
                b3 = TLanes.MultiplyAdd(vb, xb + (3 * TLanes.Count), b3);
            }

            (a0 + b0).Store(y);
            (a1 + b1).Store(y + TLanes.Count);
            (a2 + b2).Store(y + (2 * TLanes.Count));
            (a3 + b3).Store(y + (3 * TLanes.Count));
        }
    }

    private static void MultiplyNarrow(int* starts, byte* order, int begin, int end, byte* places, float* values, float* x, float* sums)
    {
        for (int i = begin; i < end; i++)
        {
            byte* place = places + starts[i], last = places + starts[i + 1];
            float* value = values + starts[i];
            float* y = sums + (((nint)(i / SparseMatrix.Window * SparseMatrix.Window) + order[i] - begin) * TLanes.Count);
            TLanes a = TLanes.Load(y), b = TLanes.Zero;
            for (; place < last; place += 2, value += 2)
            {
                a = TLanes.MultiplyAdd(TLanes.All(value[0]), x + ((nint)place[0] * TLanes.Count), a);
                b = TLanes.MultiplyAdd(TLanes.All(value[1]), x + ((nint)place[1] * TLanes.Count), b);
            }

            (a + b).Store(y);
        }
    }
}
