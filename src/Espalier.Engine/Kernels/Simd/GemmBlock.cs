namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// One worker's rectangle of a product, after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication"
/// (2008), with the roles of the caches exchanged: a block of B (KBlock × NBlock) stays in the second-level cache,
/// a panel of A (tile rows × KBlock) in the first-level cache, and B streams past it.
/// </summary>
/// <remarks>A panel of A keeps its rows as they are: tiles read A one element at a time, so nothing is won by turning it.</remarks>
internal static unsafe class GemmBlock<TLanes, TTile>
    where TLanes : struct, ILanes<TLanes>
    where TTile : struct, ITile
{
    public const int KBlock = 384, NBlock = 512, PanelsOfA = 4;

    /// <summary>Scratch that <see cref="Multiply"/> needs, in floats.</summary>
    public static long ScratchFloats => BlockOfB + BlockOfA + (TTile.Rows * TTile.Columns);

    private static int BlockOfB => KBlock * (NBlock + TTile.Columns);

    private static int BlockOfA => PanelsOfA * TTile.Rows * KBlock;

    /// <summary>Computes rows [m0, m1) and columns [n0, n1) of the product.</summary>
    public static void Multiply(in GemmArguments g, int m0, int m1, int n0, int n1, float* scratch)
    {
        float* packedB = scratch;
        float* packedA = packedB + BlockOfB;
        float* edge = packedA + BlockOfA;
        float* b = g.B.Pointer;
        int depth = EqualParts(g.K, KBlock, 8), breadth = EqualParts(n1 - n0, NBlock, TTile.Columns);
        for (int j = n0; j < n1; j += breadth)
        {
            int columns = Math.Min(breadth, n1 - j);
            for (int p = 0; p < g.K || p == 0; p += depth)
            {
                int k = Math.Min(depth, g.K - p);
                if (g.TransposeB)
                {
                    Packing.PackBTransposed(k, columns, b + (j * (nint)g.LdB) + p, g.LdB, TTile.Columns, packedB);
                }
                else
                {
                    Packing.PackB(k, columns, b + (p * (nint)g.LdB) + j, g.LdB, TTile.Columns, packedB);
                }

                MultiplyPanels(g, m0, m1, j, columns, p, k, packedA, packedB, edge);
            }
        }
    }

    // The length of equal parts of at most `most`, a multiple of `grain`: a short last part would cost a pass over C or A
    // for little.
    private static int EqualParts(int count, int most, int grain)
    {
        int parts = Math.Max(1, (count + most - 1) / most);
        return Math.Clamp(((count + parts - 1) / parts + grain - 1) / grain * grain, grain, most);
    }

    // Rows m0 … m1 of C, a few panels of A at a time; what is left below whole tiles is done in lower ones.
    private static void MultiplyPanels(
        in GemmArguments g, int m0, int m1, int j, int columns, int p, int k, float* packedA, float* packedB, float* edge)
    {
        for (int i = m0; i < m1;)
        {
            bool whole = m1 - i >= TTile.Rows;
            int height = whole ? TTile.Rows : TTile.TailRows;
            int rows = RowsTogether(m1 - i);
            if (g.TransposeA)
            {
                Packing.PackATransposed(rows, height, k, BlockOf(g, i, p), g.LdA, packedA);
            }
            else
            {
                Packing.PackA(rows, height, k, BlockOf(g, i, p), g.LdA, packedA);
            }

            if (!g.RowSums.IsEmpty && j == 0)
            {
                // Done by the worker with the first columns, while the panels are at hand.
                PanelSums<TLanes>.Add(
                    rows, height, k, g.TransposeA, packedA, g.RowSums.Pointer + i, accumulate: g.Accumulate || p > 0);
            }

            float* panel = packedA;
            for (int end = i + rows; i < end; i += height, panel += (nint)height * k)
            {
                MultiplyPanel(g, i, Math.Min(height, end - i), whole, j, columns, p, k, panel, packedB, edge);
            }
        }
    }

    private static int RowsTogether(int left)
        => left >= TTile.Rows ? Math.Min(left / TTile.Rows, PanelsOfA) * TTile.Rows : left;

    private static float* BlockOf(in GemmArguments g, int i, int p)
        => g.A.Pointer + (g.TransposeA ? (p * (nint)g.LdA) + i : (i * (nint)g.LdA) + p);

    private static void MultiplyPanel(in GemmArguments g, int i, int rows, bool wholeTile, int j, int columns, int p, int k,
        float* packedA, float* packedB, float* edge)
    {
        int height = wholeTile ? TTile.Rows : TTile.TailRows;
        (nint rowStride, nint kStride) = g.TransposeA ? ((nint)1, (nint)height) : (k, 1);
        bool accumulate = g.Accumulate || p > 0;
        bool last = p + k >= g.K;
        for (int c = 0; c < columns; c += TTile.Columns, packedB += (nint)k * TTile.Columns)
        {
            int width = Math.Min(TTile.Columns, columns - c);
            nint at = (i * (nint)g.LdC) + j + c;
            float* target = g.C.Pointer + at;
            bool direct = rows == height && width == TTile.Columns;
            float* tile = direct ? target : edge;
            nint ld = direct ? g.LdC : TTile.Columns;
            if (wholeTile)
            {
                TTile.Multiply(k, packedA, rowStride, kStride, packedB, tile, ld, accumulate && direct);
            }
            else
            {
                TTile.MultiplyTail(k, packedA, rowStride, kStride, packedB, tile, ld, accumulate && direct);
            }

            if (!direct)
            {
                CopyEdge(rows, width, edge, target, g.LdC, accumulate);
            }

            if (last)
            {
                Epilogue<TLanes>.Apply(g, rows, width, target, at, j + c);
            }
        }
    }

    private static void CopyEdge(int rows, int width, float* edge, float* target, nint ld, bool accumulate)
    {
        for (int r = 0; r < rows; r++, edge += TTile.Columns, target += ld)
        {
            for (int c = 0; c < width; c++)
            {
                target[c] = accumulate ? target[c] + edge[c] : edge[c];
            }
        }
    }
}
