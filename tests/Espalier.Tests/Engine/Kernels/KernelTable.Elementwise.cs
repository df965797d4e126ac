using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    private static readonly int[] Lengths = [0, .. Widths, 5003, 70_003];

    private static IEnumerable<KernelCase> Elementwise()
        => [.. Activate(), .. Lengths.SelectMany(Binary), .. Lengths.SelectMany(Unary), .. Dropout()];

    private static IEnumerable<KernelCase> Activate()
        => from count in Lengths
           from activation in Enum.GetValues<Activation>()
           from derivative in new[] { false, true }
           from inPlace in new[] { false, true }
           select new KernelCase(nameof(IKernels.Activate), $"{count} {activation} derivative {derivative} in place {inPlace}",
               20 * count, (kernels, o) =>
           {
               DeviceSpan<float> y = inPlace ? o.InOut("y", count, 3, -12, 12) : o.Output("y", count, 3);
               DeviceSpan<float> x = inPlace ? y : o.Input(count, -12, 12);
               kernels.Activate(activation, x, y, derivative ? o.Output("derivative", count, 3) : default);
           });

    private static IEnumerable<KernelCase> Binary(int count)
    {
        yield return new(nameof(IKernels.Add), $"{count}", count, (kernels, o) =>
            kernels.Add(o.Input(count), o.Input(count), o.Output("y", count, 0)));
        yield return new(nameof(IKernels.Multiply), $"{count}", count, (kernels, o) =>
            kernels.Multiply(o.Input(count), o.Input(count), o.Output("y", count, 0)));
        foreach (bool first in new[] { false, true })
        {
            yield return new(nameof(IKernels.Add), $"{count} in place of the first {first}", count, (kernels, o) =>
            {
                DeviceSpan<float> y = o.InOut("y", count, 0), other = o.Input(count);
                kernels.Add(first ? y : other, first ? other : y, y);
            });
            yield return new(nameof(IKernels.Multiply), $"{count} in place of the first {first}", count, (kernels, o) =>
            {
                DeviceSpan<float> y = o.InOut("y", count, 0), other = o.Input(count);
                kernels.Multiply(first ? y : other, first ? other : y, y);
            });
        }
    }

    private static IEnumerable<KernelCase> Unary(int count)
    {
        yield return new(nameof(IKernels.Fill), $"{count}", count, (kernels, o) => kernels.Fill(o.Output("x", count, 0), 0.3f));
        yield return new(nameof(IKernels.Scale), $"{count}", count, (kernels, o) =>
            kernels.Scale(o.Input(count), 0.3f, o.Output("y", count, 0)));
        yield return new(nameof(IKernels.Scale), $"{count} in place", count, (kernels, o) =>
        {
            DeviceSpan<float> y = o.InOut("y", count, 0);
            kernels.Scale(y, 0.3f, y);
        });
    }

    private static IEnumerable<KernelCase> Dropout()
        => from size in Matrices
           from mask in (DropoutMask[])[.. Masks, new(0.999f, 5, 6, 7)]
           from accumulate in new[] { false, true }
           from inPlace in new[] { false, true }
           where !(accumulate && inPlace)
           select new KernelCase(nameof(IKernels.Dropout),
               $"{size} probability {mask.Probability} accumulate {accumulate} in place {inPlace}", 20 * size.Rows * size.Columns,
               (kernels, o) =>
           {
               int count = size.Rows * size.Columns;
               DeviceSpan<float> y = accumulate || inPlace ? o.InOut("y", count, accumulate ? 2 : 0) : o.Output("y", count, 0);
               kernels.Dropout(size.Rows, size.Columns, inPlace ? y : o.Input(count), mask, y, accumulate);
           });
}
