namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// What follows a product: worked on a tile's last sums on their way from scratch to C, in one pass. (C itself is a poor place
/// to work on: its rows often lie a power of two apart and drive one another from the first-level cache.)
/// </summary>
internal static unsafe class Epilogue<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Whether more follows than the bias, which the sums begin with.</summary>
    public static bool IsNeeded(in GemmArguments g)
        => g.Activation != Activation.None || !g.Derivative.IsEmpty || !g.Factor.IsEmpty;

    /// <summary>Asks for the memory that <see cref="Apply"/> will use (a prefetch beyond the matrix does no harm).</summary>
    public static void Prefetch(in GemmArguments g, int rows, nint at)
    {
        CacheLines.Rows(g.C.Pointer + at, g.LdC, rows);
        if (!g.Factor.IsEmpty)
        {
            CacheLines.Rows(g.Factor.Pointer + at, g.LdC, rows);
        }

        if (!g.Derivative.IsEmpty)
        {
            CacheLines.Rows(g.Derivative.Pointer + at, g.LdC, rows);
        }
    }

    /// <summary>Applies activation and factor to rows × width sums and writes them to C.</summary>
    /// <param name="g">The product.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="width">Columns of the tile.</param>
    /// <param name="tile">The tile's last sums, bias included.</param>
    /// <param name="ldTile">The tile's leading dimension.</param>
    /// <param name="at">The tile's place in C, in elements.</param>
    public static void Apply(in GemmArguments g, int rows, int width, float* tile, int ldTile, nint at)
    {
        float* derivative = g.Derivative.IsEmpty ? null : g.Derivative.Pointer + at;
        float* factor = g.Factor.IsEmpty ? null : g.Factor.Pointer + at;
        float* c = g.C.Pointer + at;
        for (int r = 0; r < rows; r++, tile += ldTile, c += g.LdC)
        {
            if (g.Activation != Activation.None || derivative != null)
            {
                float* y = factor == null ? c : tile;
                Activations<TLanes>.Apply(g.Activation, width, tile, y, derivative);
                derivative = derivative == null ? null : derivative + g.LdC;
            }

            if (factor != null)
            {
                Elementwise<TLanes>.Multiply(width, tile, factor, c);
                factor += g.LdC;
            }
        }
    }
}
