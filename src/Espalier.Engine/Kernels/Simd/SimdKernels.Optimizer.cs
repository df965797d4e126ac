using Espalier.Engine.Memory;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    // Sums over flat spans are made in blocks of this size, in single precision, and the blocks' sums in double.
    private const int SumBlock = 4096;

    public void AdamW(in AdamWArguments arguments)
    {
        arguments.Validate();
        var job = new AdamWJob { Arguments = arguments };
        RunDivided(job, job.Grains, arguments.Weights.Length);
    }

    public void Sum(DeviceSpan<float> x, float scale, DeviceSpan<float> result)
    {
        KernelChecks.Sum(result);
        result.Pointer[0] = (float)(Total(x, squares: false) * scale);
    }

    public void SumOfSquares(DeviceSpan<float> x, DeviceSpan<float> result)
    {
        KernelChecks.SumOfSquares(result);
        result.Pointer[0] = (float)Total(x, squares: true);
    }

    // The split into parts goes by the number of workers alone, and the parts are added in their order.
    private double Total(DeviceSpan<float> x, bool squares)
    {
        double* parts = stackalloc double[_team.Size];
        new Span<double>(parts, _team.Size).Clear();
        Run(new SumJob { Count = x.Length, X = x.Pointer, Squares = squares, Parts = parts }, x.Length);
        double total = 0;
        for (int worker = 0; worker < _team.Size; worker++)
        {
            total += parts[worker];
        }

        return total;
    }

    private struct SumJob : IParallelJob
    {
        public long Count;
        public float* X;
        public bool Squares;
        public double* Parts;

        public readonly void Run(int worker, int workers)
        {
            (int first, int last) = WorkerTeam.Part((int)((Count + SumBlock - 1) / SumBlock), worker, workers);
            double sum = 0;
            for (int block = first; block < last; block++)
            {
                long at = (long)block * SumBlock;
                int count = (int)Math.Min(SumBlock, Count - at);
                sum += Squares ? Rows<TLanes>.SumOfSquaresAbout(0, count, X + at) : Rows<TLanes>.Sum(count, X + at);
            }

            Parts[worker] = sum;
        }
    }

    private struct AdamWJob : IDividedJob
    {
        // Moments below this are taken as zero: they would sink into the subnormal numbers, a hundred times slower. Asked so
        // that a NaN stays one.
        private const float Negligible = 1e-30f;

        private const int Grain = 1024;

        public AdamWArguments Arguments;

        public readonly int Grains => (int)((Arguments.Weights.Length + Grain - 1) / Grain);

        public readonly void Run(int worker, int firstGrain, int lastGrain)
        {
            long begin = (long)firstGrain * Grain, end = Math.Min(Arguments.Weights.Length, (long)lastGrain * Grain);
            float* w = Arguments.Weights.Pointer, g = Arguments.Gradients.Pointer;
            float* m = Arguments.FirstMoments.Pointer, v = Arguments.SecondMoments.Pointer;
            long i = begin;
            for (; i + TLanes.Count <= end; i += TLanes.Count)
            {
                Step(TLanes.Load(g + i), TLanes.Load(m + i), TLanes.Load(v + i), TLanes.Load(w + i), out TLanes m1, out TLanes v1, out TLanes w1);
                m1.Store(m + i);
                v1.Store(v + i);
                w1.Store(w + i);
            }

            if (i < end)
            {
                int rest = (int)(end - i);
                Step(
                    Elementwise<TLanes>.LoadPart(g + i, rest, 0), Elementwise<TLanes>.LoadPart(m + i, rest, 0),
                    Elementwise<TLanes>.LoadPart(v + i, rest, 0), Elementwise<TLanes>.LoadPart(w + i, rest, 0),
                    out TLanes m1, out TLanes v1, out TLanes w1);
                Elementwise<TLanes>.StorePart(m1, m + i, rest);
                Elementwise<TLanes>.StorePart(v1, v + i, rest);
                Elementwise<TLanes>.StorePart(w1, w + i, rest);
            }
        }

        private readonly void Step(TLanes g, TLanes m, TLanes v, TLanes w, out TLanes m1, out TLanes v1, out TLanes w1)
        {
            g *= TLanes.All(Arguments.GradientScale);
            m1 = TLanes.MultiplyAdd(m, TLanes.All(Arguments.Beta1), g * TLanes.All(1 - Arguments.Beta1));
            TLanes negligible = TLanes.All(Negligible);
            m1 = TLanes.WhereGreater(negligible, TLanes.Abs(m1), TLanes.Zero, m1);
            v1 = TLanes.MultiplyAdd(v, TLanes.All(Arguments.Beta2), g * g * TLanes.All(1 - Arguments.Beta2));
            v1 = TLanes.WhereGreater(negligible, v1, TLanes.Zero, v1);
            TLanes root = TLanes.MultiplyAdd(
                TLanes.Sqrt(v1), TLanes.All(1 / MathF.Sqrt(Arguments.Correction2)), TLanes.All(Arguments.Epsilon));
            TLanes kept = w * TLanes.All(1 - (Arguments.LearningRate * Arguments.WeightDecay));
            w1 = kept - (TLanes.All(Arguments.LearningRate / Arguments.Correction1) * m1 / root);
        }
    }
}
