using Espalier.Engine.Memory;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    public void SoftmaxCrossEntropy(int rows, int classes, DeviceSpan<float> logits, DeviceSpan<int> targets, float smoothing,
        float gradientScale, DeviceSpan<float> losses)
    {
        KernelChecks.SoftmaxCrossEntropy(rows, classes, logits, targets, losses);
        RunDivided(
            new CrossEntropyJob
            {
                Classes = classes,
                Logits = logits.Pointer,
                Targets = targets.Pointer,
                Smoothing = smoothing,
                GradientScale = gradientScale,
                Losses = losses.Pointer,
            },
            rows,
            (long)rows * classes);
    }

    public void LogSoftmax(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.LogSoftmax(rows, columns, x, y);
        RunDivided(
            new LogSoftmaxJob { Columns = columns, X = x.Pointer, Y = y.Pointer, Scratch = _scratch },
            rows,
            (long)rows * columns);
    }

    public void LargestLogProbabilities(int rows, int columns, DeviceSpan<float> x, int count, DeviceSpan<int> except,
        DeviceSpan<float> values, DeviceSpan<int> places)
    {
        KernelChecks.LargestLogProbabilities(rows, columns, x, count, except, values, places);
        RunDivided(
            new LargestJob { Columns = columns, Count = count, X = x.Pointer, Except = except, Values = values.Pointer, Places = places.Pointer },
            rows,
            (long)rows * columns);
    }

    private struct CrossEntropyJob : IDividedJob
    {
        public int Classes;
        public float* Logits, Losses;
        public int* Targets;
        public float Smoothing, GradientScale;

        public readonly void Run(int worker, int begin, int end)
        {
            for (int row = begin; row < end; row++)
            {
                float* z = Logits + (row * (nint)Classes);
                int target = Targets[row];
                float atTarget = z[target];
                float largest = Rows<TLanes>.Largest(Classes, z);

                // Differences from the largest first: sums of the logits themselves lose digits where these are large.
                float mean = Smoothing == 0 ? 0 : Rows<TLanes>.SumAbout(largest, Classes, z) / Classes;
                float sum = Rows<TLanes>.Exponentials(Classes, z, largest, z);
                Losses[row] = MathF.Log(sum) - ((1 - Smoothing) * (atTarget - largest)) - (Smoothing * mean);
                Elementwise<TLanes>.ScaleAndShift(Classes, GradientScale / sum, -GradientScale * Smoothing / Classes, z);
                z[target] -= GradientScale * (1 - Smoothing);
            }
        }
    }

    private struct LogSoftmaxJob : IDividedJob
    {
        public int Columns;
        public float* X, Y;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            float* exponentials = Scratch.Take(worker, Columns);
            for (int row = begin; row < end; row++)
            {
                float* x = X + (row * (nint)Columns), y = Y + (row * (nint)Columns);
                float largest = Rows<TLanes>.Largest(Columns, x);
                float logSum = MathF.Log(Rows<TLanes>.Exponentials(Columns, x, largest, exponentials));
                Elementwise<TLanes>.Scale(Columns, 1, x, y);

                // The largest first: it and the logarithm in one number would lose digits where it is large.
                Elementwise<TLanes>.ScaleAndShift(Columns, 1, -largest, y);
                Elementwise<TLanes>.ScaleAndShift(Columns, 1, -logSum, y);
            }
        }
    }

    private struct LargestJob : IDividedJob
    {
        public int Columns, Count;
        public float* X, Values;
        public int* Places;
        public DeviceSpan<int> Except;

        public readonly void Run(int worker, int begin, int end)
        {
            var except = new ReadOnlySpan<int>(Except.Pointer, (int)Except.Length);
            for (int row = begin; row < end; row++)
            {
                float* x = X + (row * (nint)Columns), values = Values + (row * (nint)Count);
                int* places = Places + (row * (nint)Count);
                int found = LargestRow<TLanes>.Find(x, Columns, except, Count, values, places);
                float largest = Rows<TLanes>.Largest(Columns, x), logSum = MathF.Log(Rows<TLanes>.SumOfExponentials(Columns, x, largest));
                for (int i = 0; i < found; i++)
                {
                    // The largest first, as in log softmax.
                    values[i] = values[i] - largest - logSum;
                }

                new Span<float>(values + found, Count - found).Fill(float.NegativeInfinity);
                new Span<int>(places + found, Count - found).Clear();
            }
        }
    }
}
