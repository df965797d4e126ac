using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>The split of a product's M × N results into one rectangle for each worker.</summary>
internal readonly record struct GemmGrid
{
    // How many multiply-adds take as long as copying one element of A or B.
    private const double CopyOfA = 24, CopyOfB = 12;

    private readonly int _m, _n, _rowParts, _columnParts, _rowGrain, _columnGrain;

    private GemmGrid(int m, int n, int rowParts, int columnParts, int rowGrain, int columnGrain)
        => (_m, _n, _rowParts, _columnParts, _rowGrain, _columnGrain) = (m, n, rowParts, columnParts, rowGrain, columnGrain);

    /// <summary>Number of rectangles; some may be empty.</summary>
    public int Workers => _rowParts * _columnParts;

    /// <summary>
    /// The split with the least work in the largest rectangle: products, counted in whole tiles, and copies of A (once for
    /// each block of columns) and B (once for each part of rows).
    /// </summary>
    public static GemmGrid Split<TTile>(int m, int n, int workers, int columnsOfBlock)
        where TTile : struct, ITile
    {
        (int Rows, int Columns) best = (workers, 1);
        double least = double.PositiveInfinity;
        for (int rowParts = 1; rowParts <= workers; rowParts++)
        {
            if (workers % rowParts != 0)
            {
                continue;
            }

            int columnParts = workers / rowParts;
            double rows = LargestPart(m, rowParts, TTile.TailRows);
            double columns = LargestPart(n, columnParts, TTile.Columns);
            double work = (rows * columns) + (rows * CopyOfA * Math.Ceiling(columns / columnsOfBlock)) + (columns * CopyOfB);
            if (work < least)
            {
                (least, best) = (work, (rowParts, columnParts));
            }
        }

        return new(m, n, best.Rows, best.Columns, TTile.TailRows, TTile.Columns);
    }

    /// <summary>Rows [M0, M1) and columns [N0, N1) that are worker <paramref name="worker"/>'s.</summary>
    public (int M0, int M1, int N0, int N1) Rectangle(int worker)
    {
        (int m0, int m1) = WorkerTeam.Part(_m, worker / _columnParts, _rowParts, _rowGrain);
        (int n0, int n1) = WorkerTeam.Part(_n, worker % _columnParts, _columnParts, _columnGrain);
        return (m0, m1, n0, n1);
    }

    private static int LargestPart(int count, int parts, int grain)
    {
        int grains = (count + grain - 1) / grain;
        return (grains + parts - 1) / parts * grain;
    }
}
