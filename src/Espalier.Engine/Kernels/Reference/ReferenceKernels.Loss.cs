using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void SoftmaxCrossEntropy(int rows, int classes, DeviceSpan<float> logits, DeviceSpan<int> targets, float smoothing,
        float gradientScale, DeviceSpan<float> losses)
    {
        KernelChecks.SoftmaxCrossEntropy(rows, classes, logits, targets, losses);
        for (int row = 0; row < rows; row++)
        {
            float* z = logits.Pointer + ((long)row * classes);
            int target = targets.Pointer[row];
            double logSum = LogSumExp(z, classes);
            double sum = 0;
            for (int c = 0; c < classes; c++)
            {
                sum += logSum - z[c];
            }

            losses.Pointer[row] = (float)(((1.0 - smoothing) * (logSum - z[target])) + (smoothing * sum / classes));
            for (int c = 0; c < classes; c++)
            {
                double wanted = ((double)smoothing / classes) + (c == target ? 1.0 - smoothing : 0);
                z[c] = (float)((Math.Exp(z[c] - logSum) - wanted) * gradientScale);
            }
        }
    }

    public void LogSoftmax(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.LogSoftmax(rows, columns, x, y);
        for (int row = 0; row < rows; row++)
        {
            float* from = x.Pointer + ((long)row * columns), to = y.Pointer + ((long)row * columns);
            double logSum = LogSumExp(from, columns);
            for (int column = 0; column < columns; column++)
            {
                to[column] = (float)(from[column] - logSum);
            }
        }
    }

    public void LargestLogProbabilities(int rows, int columns, DeviceSpan<float> x, int count, DeviceSpan<int> except,
        DeviceSpan<float> values, DeviceSpan<int> places)
    {
        KernelChecks.LargestLogProbabilities(rows, columns, x, count, except, values, places);
        for (int row = 0; row < rows; row++)
        {
            float* z = x.Pointer + ((long)row * columns), value = values.Pointer + ((long)row * count);
            int* place = places.Pointer + ((long)row * count);
            double logSum = LogSumExp(z, columns);
            for (int i = 0; i < count; i++)
            {
                int best = -1;
                for (int c = 0; c < columns; c++)
                {
                    bool taken = new Span<int>(place, i).Contains(c) || new Span<int>(except.Pointer, (int)except.Length).Contains(c);
                    if (!taken && z[c] > (best < 0 ? float.NegativeInfinity : z[best]))
                    {
                        best = c;
                    }
                }

                if (best < 0)
                {
                    new Span<float>(value + i, count - i).Fill(float.NegativeInfinity);
                    new Span<int>(place + i, count - i).Clear();
                    break;
                }

                (value[i], place[i]) = ((float)(z[best] - logSum), best);
            }
        }
    }

    /// <summary>log Σ exp(zᵢ), with the largest z taken out so that no exponential overflows.</summary>
    private static double LogSumExp(float* z, int count)
    {
        double largest = double.NegativeInfinity, sum = 0;
        for (int i = 0; i < count; i++)
        {
            largest = Math.Max(largest, z[i]);
        }

        for (int i = 0; i < count; i++)
        {
            sum += Math.Exp(z[i] - largest);
        }

        return largest + Math.Log(sum);
    }
}
