using Espalier.Engine.Memory;
using Espalier.Engine.Random;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    private enum Operation
    {
        Activate,
        Multiply,
        Add,
        Scale,
        Fill,
    }

    public void Activate(Activation activation, DeviceSpan<float> x, DeviceSpan<float> y, DeviceSpan<float> derivative)
    {
        KernelChecks.Activate(x, y, derivative);
        Run(
            new FlatJob
            {
                Operation = Operation.Activate,
                Activation = activation,
                Count = x.Length,
                A = x.Pointer,
                B = derivative.IsEmpty ? null : derivative.Pointer,
                Y = y.Pointer,
            });
    }

    public void Multiply(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        KernelChecks.Multiply(a, b, y);
        Run(new FlatJob { Operation = Operation.Multiply, Count = y.Length, A = a.Pointer, B = b.Pointer, Y = y.Pointer });
    }

    public void Add(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        KernelChecks.Add(a, b, y);
        Run(new FlatJob { Operation = Operation.Add, Count = y.Length, A = a.Pointer, B = b.Pointer, Y = y.Pointer });
    }

    public void Scale(DeviceSpan<float> x, float factor, DeviceSpan<float> y)
    {
        KernelChecks.Scale(x, y);
        Run(new FlatJob { Operation = Operation.Scale, Count = y.Length, A = x.Pointer, Value = factor, Y = y.Pointer });
    }

    public void Fill(DeviceSpan<float> x, float value)
        => Run(new FlatJob { Operation = Operation.Fill, Count = x.Length, Y = x.Pointer, Value = value });

    public void Dropout(int rows, int columns, DeviceSpan<float> x, DropoutMask mask, DeviceSpan<float> y, bool accumulate)
    {
        KernelChecks.Dropout(rows, columns, x, y);
        RunDivided(
            new DropoutJob
            {
                Columns = columns,
                X = x.Pointer,
                Mask = mask,
                Y = y.Pointer,
                Accumulate = accumulate,
                Scratch = _scratch,
            },
            rows,
            (long)rows * columns);
    }

    private void Run(FlatJob job) => RunDivided(job, job.Grains, job.Count);

    private struct FlatJob : IDividedJob
    {
        // Elements between two workers' parts are a multiple of this, a page, so that none shares a cache line.
        private const int Grain = 1024;

        public Operation Operation;
        public Activation Activation;
        public long Count;
        public float* A, B, Y;
        public float Value;

        public readonly int Grains => (int)((Count + Grain - 1) / Grain);

        public readonly void Run(int worker, int begin, int end)
        {
            for (int grain = begin; grain < end; grain++)
            {
                long at = (long)grain * Grain;
                int count = (int)Math.Min(Grain, Count - at);
                switch (Operation)
                {
                    case Operation.Activate:
                        Activations<TLanes>.Apply(Activation, count, A + at, Y + at, B == null ? null : B + at);
                        break;
                    case Operation.Multiply:
                        Elementwise<TLanes>.Multiply(count, A + at, B + at, Y + at);
                        break;
                    case Operation.Add:
                        Elementwise<TLanes>.Add(count, A + at, B + at, Y + at);
                        break;
                    case Operation.Scale:
                        Elementwise<TLanes>.Scale(count, Value, A + at, Y + at);
                        break;
                    default:
                        new Span<float>(Y + at, count).Fill(Value);
                        break;
                }
            }
        }
    }

    private struct DropoutJob : IDividedJob
    {
        public int Columns;
        public float* X, Y;
        public DropoutMask Mask;
        public bool Accumulate;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            float* factors = Scratch.Take(worker, DropoutRow.Padded(Columns));
            for (int row = begin; row < end; row++)
            {
                nint at = row * (nint)Columns;
                DropoutRow.Fill(Mask, row, Columns, factors);
                if (Accumulate)
                {
                    Elementwise<TLanes>.MultiplyAdd(Columns, X + at, factors, Y + at);
                }
                else
                {
                    Elementwise<TLanes>.Multiply(Columns, X + at, factors, Y + at);
                }
            }
        }
    }
}
