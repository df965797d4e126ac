using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    private static IEnumerable<KernelCase> Rows()
        => Matrices.SelectMany(size => (IEnumerable<KernelCase>)[.. Embedding(size.Rows, size.Columns), .. Gather(size.Rows, size.Columns)]);

    private static IEnumerable<KernelCase> Embedding(int rows, int columns)
    {
        foreach (bool places in new[] { false, true })
        {
            yield return new(nameof(IKernels.EmbeddingGather), $"{rows} × {columns} places {places}", rows * columns, (kernels, o) =>
                kernels.EmbeddingGather(o.Indices(rows, 23), places ? o.Indices(rows, 9) : default, columns, o.Input(23 * columns),
                    places ? o.Input(9 * columns) : default, 3.7f, o.Output("y", rows * columns, 5)));
        }

        // Few different rows, so that most are met several times; and many, so that most are not.
        foreach (int words in new[] { 1, 3, 500 })
        {
            yield return new(nameof(IKernels.EmbeddingScatterAdd), $"{rows} × {columns} words {words}", rows * columns, (kernels, o) =>
                kernels.EmbeddingScatterAdd(o.Indices(rows, words), columns, o.Input(rows * columns), 0.7f,
                    o.InOut("dTable", words * columns, 1 + (rows / words))));
        }
    }

    private static IEnumerable<KernelCase> Gather(int rows, int columns)
    {
        yield return new(nameof(IKernels.GatherRows), $"{rows} × {columns}", rows * columns, (kernels, o) =>
            kernels.GatherRows(o.Indices(rows, 23), columns, o.Input(23 * columns), o.Output("y", rows * columns, 0)));
        yield return new(nameof(IKernels.CopyRows), $"{rows} × {columns}", rows * columns, (kernels, o) =>
            kernels.CopyRows(o.Indices(rows, 23), o.Numbers([.. Enumerable.Range(0, rows).Select(i => 2 * (rows - 1 - i))]), columns,
                o.Input(23 * columns), o.Output("y", 2 * rows * columns, 0)));
        foreach (int targets in new[] { 1, 3, 500 })
        {
            yield return new(nameof(IKernels.ScatterAddRows), $"{rows} × {columns} targets {targets}", rows * columns, (kernels, o) =>
                kernels.ScatterAddRows(o.Indices(rows, targets), columns, o.Input(rows * columns),
                    o.InOut("y", targets * columns, 1 + (rows / targets))));
        }
    }

    private static IEnumerable<KernelCase> Reductions()
    {
        foreach ((int rows, int columns) in Matrices)
        {
            foreach (bool accumulate in new[] { false, true })
            {
                yield return new(nameof(IKernels.SumRows), $"{rows} × {columns} accumulate {accumulate}", rows * columns, (kernels, o) =>
                {
                    double magnitude = 1 + (rows / 8.0);
                    kernels.SumRows(rows, columns, o.Input(rows * columns),
                        accumulate ? o.InOut("sums", columns, magnitude) : o.Output("sums", columns, magnitude), accumulate);
                });
            }
        }

        foreach (int count in Lengths)
        {
            yield return new(nameof(IKernels.Sum), $"{count}", count, (kernels, o) =>
                kernels.Sum(o.Input(count), 0.5f, o.Output("result", 1, 1 + (count / 8.0))));

            // Summed in double precision, so only the result's own rounding is allowed for.
            yield return new(nameof(IKernels.SumOfSquares), $"{count}", count, (kernels, o) =>
                kernels.SumOfSquares(o.Input(count, -1e15f, 1e15f), o.Output("result", 1, 1e-9)));
        }
    }
}
