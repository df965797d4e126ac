using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    // Ordinary logits; sharp ones; and ones whose exponentials overflow unless the largest is taken out first.
    private static readonly (float Low, float High)[] Logits = [(-8, 8), (-90, 90), (1000, 1010)];

    // Losses and log-probabilities depend on differences alone: a thousand that all logits have in common must cost no digits.
    private static double Spread((float Low, float High) range) => range.High - range.Low;

    private static IEnumerable<KernelCase> Loss()
        => from size in Matrices
           from range in Logits
           from test in (IEnumerable<KernelCase>)
               [
                   CrossEntropy(size, range, 0), CrossEntropy(size, range, 0.1f), Log(size, range, false), Log(size, range, true),
                   .. Largest(size, range),
               ]
           select test;

    private static KernelCase CrossEntropy((int Rows, int Columns) size, (float Low, float High) range, float smoothing)
        => new(nameof(IKernels.SoftmaxCrossEntropy), $"{size} logits {range} smoothing {smoothing}", 20 * size.Rows * size.Columns,
            (kernels, o) =>
        {
            (int rows, int classes) = size;
            kernels.SoftmaxCrossEntropy(rows, classes, o.InOut("gradient", rows * classes, 0.1 * Math.Max(1, Spread(range) / 10),
                range.Low, range.High), o.Indices(rows, classes), smoothing, 0.1f, o.Output("losses", rows, 10 + Spread(range)));
        });

    private static KernelCase Log((int Rows, int Columns) size, (float Low, float High) range, bool inPlace)
        => new(nameof(IKernels.LogSoftmax), $"{size} from {range} in place {inPlace}", 20 * size.Rows * size.Columns, (kernels, o) =>
        {
            (int rows, int columns) = size;
            double magnitude = 10 + Spread(range);
            DeviceSpan<float> y = inPlace
                ? o.InOut("y", rows * columns, magnitude, range.Low, range.High)
                : o.Output("y", rows * columns, magnitude);
            kernels.LogSoftmax(rows, columns, inPlace ? y : o.Input(rows * columns, range.Low, range.High), y);
        });

    // Where one is wanted two columns are passed over.
    private static IEnumerable<KernelCase> Largest((int Rows, int Columns) size, (float Low, float High) range)
        => from count in new[] { 0, 1, 5 }
           where size.Columns >= count + 2
           select new KernelCase(
               nameof(IKernels.LargestLogProbabilities), $"{count} of {size} from {range}", 20 * size.Rows * size.Columns, (kernels, o) =>
        {
            (int rows, int columns) = size;
            DeviceSpan<int> except = o.Numbers(count == 1 ? [columns - 1, 0] : []);
            DeviceSpan<float> places = o.Output("places", rows * count, 0);
            kernels.LargestLogProbabilities(rows, columns, o.Input(rows * columns, range.Low, range.High), count, except,
                o.Output("values", rows * count, 10 + Spread(range)), new DeviceSpan<int>(places.Address, places.Length));
        });
}
