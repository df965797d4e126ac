using Espalier.Engine.Memory;
using Espalier.Engine.Random;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    public void LayerNorm(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        KernelChecks.LayerNorm(rows, columns, x, gain, bias, y, mean, rstd);
        RunDivided(
            new NormJob
            {
                Columns = columns,
                X = x.Pointer,
                Sum = x.Pointer,
                Gain = gain.Pointer,
                Bias = bias.Pointer,
                Epsilon = epsilon,
                Y = y.Pointer,
                Mean = mean.Pointer,
                Rstd = rstd.Pointer,
                Scratch = _scratch,
            },
            rows,
            (long)rows * columns);
    }

    public void ResidualDropoutLayerNorm(int rows, int columns, DeviceSpan<float> residual, DeviceSpan<float> x,
        DropoutMask dropout, DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> sum, DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        KernelChecks.ResidualDropoutLayerNorm(rows, columns, residual, x, gain, bias, sum, y, mean, rstd);
        RunDivided(
            new NormJob
            {
                Columns = columns,
                Residual = residual.Pointer,
                X = x.Pointer,
                Dropout = dropout,
                Sum = sum.Pointer,
                Gain = gain.Pointer,
                Bias = bias.Pointer,
                Epsilon = epsilon,
                Y = y.Pointer,
                Mean = mean.Pointer,
                Rstd = rstd.Pointer,
                Scratch = _scratch,
            },
            rows,
            (long)rows * columns);
    }

    public void LayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> x, DeviceSpan<float> gain,
        DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters)
    {
        KernelChecks.LayerNormBackward(rows, columns, dy, x, gain, mean, rstd, dResidual, dx, dGain, dBias);
        NormBackward(
            new NormBackwardJob
            {
                Rows = rows,
                Columns = columns,
                Dy = dy.Pointer,
                Sum = x.Pointer,
                Gain = gain.Pointer,
                Mean = mean.Pointer,
                Rstd = rstd.Pointer,
                DResidual = dResidual.IsEmpty ? null : dResidual.Pointer,
                DSum = dx.Pointer,
            },
            dGain,
            dBias,
            accumulateParameters);
    }

    public void ResidualDropoutLayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> sum,
        DeviceSpan<float> gain, DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DropoutMask dropout, DeviceSpan<float> dSum, DeviceSpan<float> dx,
        DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters)
    {
        KernelChecks.ResidualDropoutLayerNormBackward(
            rows, columns, dy, sum, gain, mean, rstd, dResidual, dSum, dx, dGain, dBias);
        NormBackward(
            new NormBackwardJob
            {
                Rows = rows,
                Columns = columns,
                Dy = dy.Pointer,
                Sum = sum.Pointer,
                Gain = gain.Pointer,
                Mean = mean.Pointer,
                Rstd = rstd.Pointer,
                DResidual = dResidual.IsEmpty ? null : dResidual.Pointer,
                Dropout = dropout,
                DSum = dSum.Pointer,
                Dx = dx.Pointer,
            },
            dGain,
            dBias,
            accumulateParameters);
    }

    // Each worker sums its rows' part of the parameter gradients in its scratch; they are added in the workers' order.
    private void NormBackward(NormBackwardJob job, DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulate)
    {
        job.Scratch = _scratch;
        bool alone = (long)job.Rows * job.Columns < LeastParallelElements;
        Run(ref job, (long)job.Rows * job.Columns);
        for (int worker = 0; worker < (alone ? 1 : _team.Size); worker++)
        {
            float* sums = _scratch.Take(worker, job.ScratchFloats);
            if (worker == 0 && !accumulate)
            {
                Elementwise<TLanes>.Scale(job.Columns, 1, sums, dGain.Pointer);
                Elementwise<TLanes>.Scale(job.Columns, 1, sums + job.Columns, dBias.Pointer);
            }
            else
            {
                Elementwise<TLanes>.Add(job.Columns, dGain.Pointer, sums, dGain.Pointer);
                Elementwise<TLanes>.Add(job.Columns, dBias.Pointer, sums + job.Columns, dBias.Pointer);
            }
        }
    }

    private struct NormJob : IDividedJob
    {
        public int Columns;
        public float* Residual, X, Sum, Gain, Bias, Y, Mean, Rstd;
        public float Epsilon;
        public DropoutMask Dropout;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            float* factors = Dropout.IsNone ? null : Scratch.Take(worker, DropoutRow.Padded(Columns));
            for (int row = begin; row < end; row++)
            {
                nint at = row * (nint)Columns;
                float* sum = Sum + at;
                if (factors != null)
                {
                    DropoutRow.Fill(Dropout, row, Columns, factors);
                }

                float mean = (Residual == null ? Rows<TLanes>.Sum(Columns, sum) : Rows<TLanes>.AddResidual(
                    Columns, Residual + at, X + at, factors, sum)) / Columns;
                float rstd = 1 / MathF.Sqrt((Rows<TLanes>.SumOfSquaresAbout(mean, Columns, sum) / Columns) + Epsilon);
                Rows<TLanes>.Normalise(Columns, sum, mean, rstd, Gain, Bias, Y + at);
                Mean[row] = mean;
                Rstd[row] = rstd;
            }
        }
    }

    private struct NormBackwardJob : IParallelJob
    {
        public int Rows, Columns;
        public float* Dy, Sum, Gain, Mean, Rstd, DResidual, DSum, Dx;
        public DropoutMask Dropout;
        public WorkerScratch Scratch;

        public readonly long ScratchFloats => (2L * Columns) + DropoutRow.Padded(Columns);

        public readonly void Run(int worker, int workers)
        {
            (int begin, int end) = WorkerTeam.Part(Rows, worker, workers);
            float* dGain = Scratch.Take(worker, ScratchFloats), dBias = dGain + Columns, factors = dBias + Columns;
            new Span<float>(dGain, 2 * Columns).Clear();
            for (int row = begin; row < end; row++)
            {
                nint at = row * (nint)Columns;
                float* residual = DResidual == null ? null : DResidual + at;
                Rows<TLanes>.NormaliseBackward(
                    Columns, Dy + at, Sum + at, Mean[row], Rstd[row], Gain, residual, DSum + at, dGain, dBias);
                if (Dx == null)
                {
                    continue;
                }

                if (Dropout.IsNone)
                {
                    Elementwise<TLanes>.Scale(Columns, 1, DSum + at, Dx + at);
                }
                else
                {
                    DropoutRow.Fill(Dropout, row, Columns, factors);
                    Elementwise<TLanes>.Multiply(Columns, DSum + at, factors, Dx + at);
                }
            }
        }
    }
}
