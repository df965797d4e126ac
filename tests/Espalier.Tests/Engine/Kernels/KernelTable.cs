namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Cases of every kernel. Sizes lie around the widths of vectors (4, 8, 16), of a dropout group (128) and of tiles, with
/// a few large enough to be split among threads and cache blocks.
/// </summary>
internal static partial class KernelTable
{
    private static readonly int[] Widths = [1, 2, 7, 17, 33, 64, 127, 130, 200];

    /// <summary>Matrices for kernels that go row by row: all widths, all heights, none, and some worth splitting among threads,
    /// with fewer rows than threads, or rows of one element.</summary>
    private static readonly (int Rows, int Columns)[] Matrices =
    [
        .. Widths.Select(columns => (5, columns)), .. Widths.Select(rows => (rows, 33)),
        (0, 7), (37, 768), (2, 5003), (1, 9001), (301, 33), (9001, 1), (1200, 130),
    ];

    // Made at first use: by then the sizes in the other files of this class are set.
    public static IReadOnlyList<KernelCase> Cases => field ??=
        [.. Gemm(), .. GemmRowSums(), .. GemmEpilogue(), .. GemmBatched(), .. QuantizedProducts(), .. IntegerProducts(),
            .. SparseProducts(), .. CompressedGathers(), .. Norm(), .. Elementwise(), .. Rows(),
            .. Reductions(), .. Attention(), .. Loss(), .. Optimizer()];
}
