using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    private readonly SharedBlocks _shared = new(team.Size);

    public void Gemm(in GemmArguments arguments)
    {
        arguments.Validate();
        if (arguments.M == 0 || arguments.N == 0)
        {
            return;
        }

        if (IsForFewTokens(arguments))
        {
            MultiplyFewTokens(arguments);
            return;
        }

        GemmGrid grid = GemmGrid.Split<TTile>(arguments.M, arguments.N, _team.Size, GemmBlock<TLanes, TTile>.NBlock);
        var job = new GemmJob { Product = arguments, Grid = grid, Team = _team, Shared = _shared, Scratch = _scratch };
        _team.Run(ref job);
    }

    public void GemmBatched(in GemmArguments first, int count, long strideA, long strideB, long strideC)
    {
        first.ValidateBatched(count, strideA, strideB, strideC);
        RunDivided(
            new GemmBatchedJob { First = first, StrideA = strideA, StrideB = strideB, StrideC = strideC, Scratch = _scratch },
            count,
            (long)first.M * first.N * first.K * count);
    }

    private struct GemmJob : IParallelJob
    {
        public GemmArguments Product;
        public GemmGrid Grid;
        public WorkerTeam Team;
        public SharedBlocks Shared;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int workers)
        {
            try
            {
                float* scratch = Scratch.Take(worker, GemmBlock<TLanes, TTile>.ScratchFloats);
                GemmBlock<TLanes, TTile>.MultiplyShared(Product, Grid, worker, Shared, Team, scratch);
            }
            finally
            {
                // Nobody may wait for one who has failed.
                Shared.Close(Team.Jobs, worker);
            }
        }
    }

    private struct GemmBatchedJob : IDividedJob
    {
        public GemmArguments First;
        public long StrideA;
        public long StrideB;
        public long StrideC;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            float* scratch = Scratch.Take(worker, GemmBlock<TLanes, TTile>.ScratchFloats);
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
