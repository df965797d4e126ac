using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void Activate(Activation activation, DeviceSpan<float> x, DeviceSpan<float> y, DeviceSpan<float> derivative)
    {
        KernelChecks.Activate(x, y, derivative);
        for (long i = 0; i < x.Length; i++)
        {
            (double value, double slope) = ScalarMath.Apply(activation, x.Pointer[i]);
            y.Pointer[i] = (float)value;
            if (!derivative.IsEmpty)
            {
                derivative.Pointer[i] = (float)slope;
            }
        }
    }

    public void Multiply(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        KernelChecks.Multiply(a, b, y);
        for (long i = 0; i < y.Length; i++)
        {
            y.Pointer[i] = a.Pointer[i] * b.Pointer[i];
        }
    }

    public void Add(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        KernelChecks.Add(a, b, y);
        for (long i = 0; i < y.Length; i++)
        {
            y.Pointer[i] = a.Pointer[i] + b.Pointer[i];
        }
    }

    public void Scale(DeviceSpan<float> x, float factor, DeviceSpan<float> y)
    {
        KernelChecks.Scale(x, y);
        for (long i = 0; i < y.Length; i++)
        {
            y.Pointer[i] = x.Pointer[i] * factor;
        }
    }

    public void Fill(DeviceSpan<float> x, float value)
    {
        for (long i = 0; i < x.Length; i++)
        {
            x.Pointer[i] = value;
        }
    }

    public void Dropout(int rows, int columns, DeviceSpan<float> x, DropoutMask mask, DeviceSpan<float> y, bool accumulate)
    {
        KernelChecks.Dropout(rows, columns, x, y);
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                long at = ((long)row * columns) + column;
                float kept = x.Pointer[at] * mask.Factor(row, column);
                y.Pointer[at] = accumulate ? y.Pointer[at] + kept : kept;
            }
        }
    }
}
