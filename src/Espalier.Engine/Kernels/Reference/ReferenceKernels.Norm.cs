using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void LayerNorm(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        KernelChecks.LayerNorm(rows, columns, x, gain, bias, y, mean, rstd);
        for (int row = 0; row < rows; row++)
        {
            float* from = x.Pointer + ((long)row * columns), to = y.Pointer + ((long)row * columns);
            double sum = 0, squares = 0;
            for (int column = 0; column < columns; column++)
            {
                sum += from[column];
            }

            double average = sum / columns;
            for (int column = 0; column < columns; column++)
            {
                squares += (from[column] - average) * (from[column] - average);
            }

            double reciprocal = 1 / Math.Sqrt((squares / columns) + epsilon);
            for (int column = 0; column < columns; column++)
            {
                to[column] = (float)(((from[column] - average) * reciprocal * gain.Pointer[column]) + bias.Pointer[column]);
            }

            mean.Pointer[row] = (float)average;
            rstd.Pointer[row] = (float)reciprocal;
        }
    }

    public void ResidualDropoutLayerNorm(int rows, int columns, DeviceSpan<float> residual, DeviceSpan<float> x, DropoutMask dropout,
        DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> sum, DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        KernelChecks.ResidualDropoutLayerNorm(rows, columns, residual, x, gain, bias, sum, y, mean, rstd);
        long count = (long)rows * columns;
        Dropout(rows, columns, x, dropout, sum, accumulate: false);
        Add(residual.Slice(0, count), sum.Slice(0, count), sum.Slice(0, count));
        LayerNorm(rows, columns, sum, gain, bias, epsilon, y, mean, rstd);
    }

    public void LayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> x, DeviceSpan<float> gain,
        DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters)
    {
        KernelChecks.LayerNormBackward(rows, columns, dy, x, gain, mean, rstd, dResidual, dx, dGain, dBias);
        double[] gainSums = new double[columns], biasSums = new double[columns];
        for (int row = 0; row < rows; row++)
        {
            long begin = (long)row * columns;
            float* g = dy.Pointer + begin, from = x.Pointer + begin;
            double average = mean.Pointer[row], reciprocal = rstd.Pointer[row];

            // With n the normalised row and h = dy · gain: dx = rstd · (h − mean(h) − n · mean(h · n)).
            double sumH = 0, sumHN = 0;
            for (int column = 0; column < columns; column++)
            {
                double n = (from[column] - average) * reciprocal, h = (double)g[column] * gain.Pointer[column];
                sumH += h;
                sumHN += h * n;
                gainSums[column] += g[column] * n;
                biasSums[column] += g[column];
            }

            for (int column = 0; column < columns; column++)
            {
                double n = (from[column] - average) * reciprocal, h = (double)g[column] * gain.Pointer[column];
                double through = reciprocal * (h - (sumH / columns) - (n * sumHN / columns));
                dx.Pointer[begin + column] = (float)(dResidual.IsEmpty ? through : through + dResidual.Pointer[begin + column]);
            }
        }

        for (int column = 0; column < columns; column++)
        {
            dGain.Pointer[column] = (float)(gainSums[column] + (accumulateParameters ? dGain.Pointer[column] : 0));
            dBias.Pointer[column] = (float)(biasSums[column] + (accumulateParameters ? dBias.Pointer[column] : 0));
        }
    }

    public void ResidualDropoutLayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> sum,
        DeviceSpan<float> gain, DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DropoutMask dropout, DeviceSpan<float> dSum, DeviceSpan<float> dx,
        DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters)
    {
        KernelChecks.ResidualDropoutLayerNormBackward(
            rows, columns, dy, sum, gain, mean, rstd, dResidual, dSum, dx, dGain, dBias);
        LayerNormBackward(rows, columns, dy, sum, gain, mean, rstd, dResidual, dSum, dGain, dBias, accumulateParameters);
        Dropout(rows, columns, dSum, dropout, dx, accumulate: false);
    }
}
