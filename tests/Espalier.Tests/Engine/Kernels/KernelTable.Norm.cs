using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    private const float Epsilon = 1e-5f;

    private static IEnumerable<KernelCase> Norm() => [.. Forward(), .. FusedForward(), .. Backward(), .. FusedBackward()];

    private static IEnumerable<KernelCase> Forward()
        => from size in Matrices
           select new KernelCase(nameof(IKernels.LayerNorm), $"{size}", size.Rows * size.Columns, (kernels, o) =>
           {
               (int rows, int columns) = size;
               DeviceSpan<float> x = o.Input(rows * columns, 0, 3);
               kernels.LayerNorm(rows, columns, x, o.Input(columns, 0.5f, 1.5f), o.Input(columns), Epsilon,
                   o.Output("y", rows * columns, NormMagnitude(columns)), o.Output("mean", rows, 3),
                   o.Output("rstd", rows, NormMagnitude(columns)));
           });

    private static IEnumerable<KernelCase> FusedForward()
        => from size in Matrices
           from dropout in Masks
           select new KernelCase(nameof(IKernels.ResidualDropoutLayerNorm), $"{size} dropout {dropout.Probability}",
               size.Rows * size.Columns, (kernels, o) =>
           {
               (int rows, int columns) = size;
               DeviceSpan<float> residual = o.Input(rows * columns), x = o.Input(rows * columns);
               kernels.ResidualDropoutLayerNorm(rows, columns, residual, x, dropout, o.Input(columns, 0.5f, 1.5f), o.Input(columns),
                   Epsilon, o.Output("sum", rows * columns, 1), o.Output("y", rows * columns, NormMagnitude(columns)),
                   o.Output("mean", rows, 3), o.Output("rstd", rows, NormMagnitude(columns)));
           });

    private static IEnumerable<KernelCase> Backward()
        => from size in Matrices
           from residual in Enum.GetValues<Residual>()
           from accumulate in new[] { false, true }
           select new KernelCase(nameof(IKernels.LayerNormBackward), $"{size} residual {residual} accumulate {accumulate}",
               size.Rows * size.Columns, (kernels, o) =>
           {
               (int rows, int columns) = size;
               (DeviceSpan<float> dResidual, DeviceSpan<float> dx) = Residuals(o, residual, rows * columns);
               kernels.LayerNormBackward(rows, columns, o.Input(rows * columns), o.Input(rows * columns), o.Input(columns),
                   o.Input(rows), o.Input(rows, 0.5f, 2), dResidual, dx,
                   Parameters(o, "dGain", size, accumulate), Parameters(o, "dBias", size, accumulate), accumulate);
           });

    private static IEnumerable<KernelCase> FusedBackward()
        => from size in Matrices
           from residual in Enum.GetValues<Residual>()
           from dropout in Masks
           select new KernelCase(nameof(IKernels.ResidualDropoutLayerNormBackward),
               $"{size} residual {residual} dropout {dropout.Probability}", size.Rows * size.Columns, (kernels, o) =>
           {
               (int rows, int columns) = size;
               bool accumulate = !dropout.IsNone;
               (DeviceSpan<float> dResidual, DeviceSpan<float> dSum) = Residuals(o, residual, rows * columns);
               kernels.ResidualDropoutLayerNormBackward(rows, columns, o.Input(rows * columns), o.Input(rows * columns),
                   o.Input(columns), o.Input(rows), o.Input(rows, 0.5f, 2), dResidual, dropout, dSum,
                   o.Output("dx", rows * columns, 20),
                   Parameters(o, "dGain", size, accumulate), Parameters(o, "dBias", size, accumulate), accumulate);
           });

    // A kernel may be given no residual gradient, one of its own, or one in the place of the result.
    private static (DeviceSpan<float> Residual, DeviceSpan<float> Result) Residuals(Operands o, Residual residual, int count)
    {
        switch (residual)
        {
            case Residual.InPlace:
                DeviceSpan<float> both = o.InOut("dx", count, 10);
                return (both, both);
            case Residual.Apart:
                return (o.Input(count), o.Output("dx", count, 10));
            default:
                return (default, o.Output("dx", count, 10));
        }
    }

    private static DeviceSpan<float> Parameters(Operands o, string name, (int Rows, int Columns) size, bool accumulate)
        => accumulate ? o.InOut(name, size.Columns, 1 + size.Rows) : o.Output(name, size.Columns, 1 + size.Rows);

    // Rounding x matters as much as the reciprocal deviation is large; two numbers can lie close together.
    private static double NormMagnitude(int columns) => columns < 8 ? 300 : 10;

    private enum Residual
    {
        None,
        Apart,
        InPlace,
    }

    private static DropoutMask[] Masks =>
        [DropoutMask.None, new(0.1f, 0x0123_4567_89AB_CDEF, 3, 7), new(0.5f, ulong.MaxValue, uint.MaxValue, uint.MaxValue)];
}
