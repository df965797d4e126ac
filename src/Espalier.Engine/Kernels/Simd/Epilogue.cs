namespace Espalier.Engine.Kernels.Simd;

/// <summary>What follows a product, worked on a tile of C just after its last sum, while it is in the first-level cache.</summary>
internal static unsafe class Epilogue<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Applies bias, activation, derivative and factor to rows × width elements.</summary>
    /// <param name="g">The product.</param>
    /// <param name="rows">Rows of the tile.</param>
    /// <param name="width">Columns of the tile.</param>
    /// <param name="tile">Its first element in C.</param>
    /// <param name="at">That element's place in C, in elements.</param>
    /// <param name="column">Its column in C.</param>
    public static void Apply(in GemmArguments g, int rows, int width, float* tile, nint at, int column)
    {
        if (!g.Bias.IsEmpty)
        {
            AddBias(rows, width, tile, g.LdC, g.Bias.Pointer + column);
        }

        if (g.Activation != Activation.None || !g.Derivative.IsEmpty)
        {
            float* derivative = g.Derivative.IsEmpty ? null : g.Derivative.Pointer + at;
            for (int r = 0; r < rows; r++)
            {
                nint row = r * (nint)g.LdC;
                Activations<TLanes>.Apply(g.Activation, width, tile + row, tile + row, derivative == null ? null : derivative + row);
            }
        }

        if (!g.Factor.IsEmpty)
        {
            float* factor = g.Factor.Pointer + at;
            for (int r = 0; r < rows; r++)
            {
                nint row = r * (nint)g.LdC;
                Elementwise<TLanes>.Multiply(width, tile + row, factor + row, tile + row);
            }
        }
    }

    private static void AddBias(int rows, int width, float* tile, nint ld, float* bias)
    {
        for (int r = 0; r < rows; r++, tile += ld)
        {
            Elementwise<TLanes>.Add(width, tile, bias, tile);
        }
    }
}
