namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Cases of every kernel. Sizes lie around the widths of vectors (4, 8, 16), of a dropout group (128) and of tiles, with
/// a few large enough to be split among threads and cache blocks.
/// </summary>
internal static partial class KernelTable
{
    private static readonly int[] Widths = [1, 2, 7, 17, 33, 64, 127, 130, 200];

    // Made at first use: by then the sizes in the other files of this class are set.
    public static IReadOnlyList<KernelCase> Cases => field ??=
        [.. Gemm(), .. GemmEpilogue(), .. GemmBatched(), .. Norm(), .. Elementwise(), .. Rows(), .. Reductions(), .. Attention(),
            .. Loss(), .. Optimizer()];
}
