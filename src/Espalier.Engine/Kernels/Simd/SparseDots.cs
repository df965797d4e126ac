namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Products of one token with a sparse weight, element by element: a vector of tokens would be empty but for one of its lanes. For two
/// tokens and more <see cref="SparseTokens{TLanes}"/> is faster.
/// </summary>
internal static unsafe class SparseDots
{
    /// <summary>y = W·x for rows [begin, end) of the weight, begin at a window's first; without bias.</summary>
    public static void Multiply(in SparseMatrix w, int begin, int end, float* x, float* y)
    {
        new Span<float>(y + begin, end - begin).Clear();
        for (int block = 0; block < w.Blocks; block++, x += SparseMatrix.Block)
        {
            int* starts = w.Starts.Pointer + ((long)block * w.Rows);
            byte* order = w.Order.Pointer + ((long)block * w.Rows);
            for (int i = begin; i < end; i++)
            {
                int first = starts[i];
                y[(i / SparseMatrix.Window * SparseMatrix.Window) + order[i]]
                    += Dot(starts[i + 1] - first, w.Places.Pointer + first, w.Values.Pointer + first, x);
            }
        }
    }

    // The count is even. Four sums hide the latency of multiply-adds.
    private static float Dot(int count, byte* places, float* values, float* x)
    {
        float s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        int i = 0;
        for (; i + 4 <= count; i += 4)
        {
            s0 += values[i] * x[places[i]];
            s1 += values[i + 1] * x[places[i + 1]];
            s2 += values[i + 2] * x[places[i + 2]];
            s3 += values[i + 3] * x[places[i + 3]];
        }

        if (i < count)
        {
            s0 += values[i] * x[places[i]];
            s1 += values[i + 1] * x[places[i + 1]];
        }

        return s0 + s1 + (s2 + s3);
    }
}
