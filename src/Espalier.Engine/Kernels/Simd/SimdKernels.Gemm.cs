using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    private const double CopyOfA = 24, CopyOfB = 12;

    public void Gemm(in GemmArguments arguments)
    {
        arguments.Validate();
        if (arguments.M == 0 || arguments.N == 0)
        {
            return;
        }

        var job = new GemmJob { Product = arguments, Scratch = _scratch };
        (job.RowParts, job.ColumnParts) = Grid(arguments.M, arguments.N, _team.Size);
        _team.Run(ref job);
    }

    public void GemmBatched(in GemmArguments first, int count, long strideA, long strideB, long strideC)
    {
        first.ValidateBatched(count, strideA, strideB, strideC);
        var job = new GemmBatchedJob
        {
            First = first,
            Count = count,
            StrideA = strideA,
            StrideB = strideB,
            StrideC = strideC,
            Scratch = _scratch,
        };
        _team.Run(ref job);
    }

    // The split of C into one rectangle for each worker with the least work in the largest: products, counted in whole
    // tiles, and copies of A (once for each block of columns) and B (once for each part of rows), each copied element
    // counted as the multiply-adds that take as long.
    private static (int Rows, int Columns) Grid(int m, int n, int workers)
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
            double work = (rows * columns) + (rows * CopyOfA * Math.Ceiling(columns / GemmBlock<TLanes, TTile>.NBlock)) + (columns * CopyOfB);
            if (work < least)
            {
                (least, best) = (work, (rowParts, columnParts));
            }
        }

        return best;
    }

    private static int LargestPart(int count, int parts, int grain)
    {
        int grains = (count + grain - 1) / grain;
        return (grains + parts - 1) / parts * grain;
    }

    private struct GemmJob : IParallelJob
    {
        public GemmArguments Product;
        public WorkerScratch Scratch;
        public int RowParts;
        public int ColumnParts;

        public readonly void Run(int worker, int workers)
        {
            (int m0, int m1) = WorkerTeam.Part(Product.M, worker / ColumnParts, RowParts, TTile.TailRows);
            (int n0, int n1) = WorkerTeam.Part(Product.N, worker % ColumnParts, ColumnParts, TTile.Columns);
            if (m0 < m1 && n0 < n1)
            {
                float* scratch = Scratch.Take(worker, GemmBlock<TLanes, TTile>.ScratchFloats);
                GemmBlock<TLanes, TTile>.Multiply(Product, m0, m1, n0, n1, scratch);
            }
        }
    }

    private struct GemmBatchedJob : IParallelJob
    {
        public GemmArguments First;
        public int Count;
        public long StrideA;
        public long StrideB;
        public long StrideC;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int workers)
        {
            float* scratch = Scratch.Take(worker, GemmBlock<TLanes, TTile>.ScratchFloats);
            (int begin, int end) = WorkerTeam.Part(Count, worker, workers);
            for (int i = begin; i < end; i++)
            {
                GemmArguments product = First with
                {
                    A = First.A.Slice(i * StrideA, First.A.Length - (i * StrideA)),
                    B = First.B.Slice(i * StrideB, First.B.Length - (i * StrideB)),
                    C = First.C.Slice(i * StrideC, First.C.Length - (i * StrideC)),
                };
                GemmBlock<TLanes, TTile>.Multiply(product, 0, First.M, 0, First.N, scratch);
            }
        }
    }
}
