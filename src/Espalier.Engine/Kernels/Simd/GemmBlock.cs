using Espalier.Engine.Threading;

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

    private static int RowsOfChunk => PanelsOfA * TTile.Rows;

    private static int BlockOfB => KBlock * (NBlock + TTile.Columns);

    private static int BlockOfA => PanelsOfA * TTile.Rows * KBlock;

    /// <summary>Computes rows [m0, m1) and columns [n0, n1) of the product.</summary>
    public static void Multiply(in GemmArguments g, int m0, int m1, int n0, int n1, float* scratch)
    {
        int blocks = Blocks(g, n0, n1);
        for (int block = 0; block < blocks; block++)
        {
            Place place = Locate(g, n0, n1, block);
            PackB(g, place, scratch);
            MultiplyRows(g, m0, m1, place, scratch, scratch + BlockOfB);
        }
    }

    /// <summary>
    /// Computes worker <paramref name="own"/>'s rectangle of the product, its blocks open to the others' help a few panels of A
    /// at a time, then helps the others with theirs.
    /// </summary>
    /// <param name="g">The product.</param>
    /// <param name="grid">Everybody's rectangles.</param>
    /// <param name="own">The worker.</param>
    /// <param name="shared">Where blocks are opened.</param>
    /// <param name="team">The workers.</param>
    /// <param name="scratch">The worker's scratch.</param>
    public static void MultiplyShared(in GemmArguments g, GemmGrid grid, int own, SharedBlocks shared, WorkerTeam team, float* scratch)
    {
        int job = team.Jobs;
        (int m0, int m1, int n0, int n1) = grid.Rectangle(own);
        int chunks = Chunks(m0, m1), blocks = m0 < m1 && n0 < n1 ? Blocks(g, n0, n1) : 0;
        for (int block = 0; block < blocks; block++)
        {
            PackB(g, Locate(g, n0, n1, block), scratch);
            shared.Open(job, own, block, scratch);
            while (TakeChunk(g, grid, own, shared, job, chunks, scratch))
            {
            }

            shared.AwaitDone(own, chunks);
        }

        shared.Close(job, own);
        for (int next = 1; next < grid.Workers; next++)
        {
            int other = (own + next) % grid.Workers;
            if (!team.TryStandIn(other))
            {
                Help(g, grid, other, shared, job, scratch);
            }
        }
    }

    private static void Help(in GemmArguments g, GemmGrid grid, int other, SharedBlocks shared, int job, float* scratch)
    {
        (int m0, int m1, _, _) = grid.Rectangle(other);
        int chunks = Chunks(m0, m1);
        var spinner = default(SpinWait);
        while (!shared.IsClosed(job, other))
        {
            if (TakeChunk(g, grid, other, shared, job, chunks, scratch))
            {
                spinner.Reset();
            }
            else
            {
                // Yields after a moment: the other may be waiting for this very core.
                spinner.SpinOnce(sleep1Threshold: -1);
            }
        }
    }

    private static bool TakeChunk(in GemmArguments g, GemmGrid grid, int owner, SharedBlocks shared, int job, int chunks, float* scratch)
    {
        if (!shared.TryTake(job, owner, chunks, out int block, out int chunk, out float* packedB))
        {
            return false;
        }

        (int m0, int m1, int n0, int n1) = grid.Rectangle(owner);
        int begin = m0 + (chunk * RowsOfChunk);
        MultiplyRows(
            g, begin, Math.Min(begin + RowsOfChunk, m1), Locate(g, n0, n1, block), packedB, scratch + BlockOfB);
        shared.Done(owner);
        return true;
    }

    private static int Chunks(int m0, int m1) => (m1 - m0 + RowsOfChunk - 1) / RowsOfChunk;

    private static int Blocks(in GemmArguments g, int n0, int n1)
        => Parts(n1 - n0, EqualParts(n1 - n0, NBlock, TTile.Columns)) * Math.Max(1, Parts(g.K, Depth(g)));

    private static int Parts(int count, int part) => (count + part - 1) / part;

    // Blocks follow one another along k, then along the columns.
    private static Place Locate(in GemmArguments g, int n0, int n1, int block)
    {
        int depth = Depth(g), breadth = EqualParts(n1 - n0, NBlock, TTile.Columns);
        int parts = Math.Max(1, Parts(g.K, depth));
        int j = n0 + (block / parts * breadth), p = block % parts * depth;
        return new Place(j, Math.Min(breadth, n1 - j), p, Math.Min(depth, g.K - p));
    }

    private static void PackB(in GemmArguments g, Place at, float* packed)
    {
        float* b = g.B.Pointer;
        if (!g.QuantizedB.Codes.IsEmpty)
        {
            QuantizedPanels<TLanes>.Pack(g.QuantizedB, at.J, at.Columns, at.P, at.K, packed);
        }
        else if (g.TransposeB)
        {
            Packing.PackBTransposed(at.K, at.Columns, b + (at.J * (nint)g.LdB) + at.P, g.LdB, TTile.Columns, packed);
        }
        else
        {
            Packing.PackB(at.K, at.Columns, b + (at.P * (nint)g.LdB) + at.J, g.LdB, TTile.Columns, packed);
        }
    }

    // The length of sums in a block. KBlock is a multiple of what quantized panels begin at.
    private static int Depth(in GemmArguments g)
        => EqualParts(g.K, KBlock, g.QuantizedB.Codes.IsEmpty ? 8 : QuantizedPanels<TLanes>.Grain);

    // The length of equal parts of at most `most`, a multiple of `grain`: a short last part would cost a pass over C or A
    // for little.
    private static int EqualParts(int count, int most, int grain)
    {
        int parts = Math.Max(1, (count + most - 1) / most);
        return Math.Clamp(((count + parts - 1) / parts + grain - 1) / grain * grain, grain, most);
    }

    // Rows m0 … m1 of C, a few panels of A at a time; what is left below whole tiles is done in lower ones.
    private static void MultiplyRows(
        in GemmArguments g, int m0, int m1, Place place, float* packedB, float* packedA)
    {
        (int j, int columns, int p, int k) = place;
        float* edge = packedA + BlockOfA;
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
        bool onSums = g.Accumulate || p > 0;
        bool epilogue = Epilogue<TLanes>.IsNeeded(g) && p + k >= g.K;
        for (int c = 0; c < columns; c += TTile.Columns, packedB += (nint)k * TTile.Columns)
        {
            int width = Math.Min(TTile.Columns, columns - c);
            nint at = (i * (nint)g.LdC) + j + c;
            float* target = g.C.Pointer + at;

            // The bias is what the first sums begin with.
            float* addend = onSums ? target : g.Bias.IsEmpty ? null : g.Bias.Pointer + j + c;
            nint ldAddend = onSums ? g.LdC : 0;
            bool whole = rows == height && width == TTile.Columns;
            float* tile = whole && !epilogue ? target : edge;
            nint ld = whole && !epilogue ? g.LdC : TTile.Columns;
            if (epilogue)
            {
                Epilogue<TLanes>.Prefetch(g, rows, at);
            }

            if (wholeTile)
            {
                TTile.Multiply(k, packedA, rowStride, kStride, packedB, tile, ld, whole ? addend : null, ldAddend);
            }
            else
            {
                TTile.MultiplyTail(k, packedA, rowStride, kStride, packedB, tile, ld, whole ? addend : null, ldAddend);
            }

            if (!whole)
            {
                AddEdge(rows, width, edge, addend, ldAddend, epilogue ? edge : target, epilogue ? TTile.Columns : g.LdC);
            }

            if (epilogue)
            {
                Epilogue<TLanes>.Apply(g, rows, width, edge, TTile.Columns, at);
            }
        }
    }

    // What is there of a tile at the matrix's edge: y = edge + addend.
    private static void AddEdge(int rows, int width, float* edge, float* addend, nint ldAddend, float* y, nint ld)
    {
        for (int r = 0; r < rows; r++, edge += TTile.Columns, addend += ldAddend, y += ld)
        {
            for (int c = 0; c < width; c++)
            {
                y[c] = addend == null ? edge[c] : edge[c] + addend[c];
            }
        }
    }

    // A block of B: columns [J, J + Columns) at sums [P, P + K).
    private readonly record struct Place(int J, int Columns, int P, int K);
}
