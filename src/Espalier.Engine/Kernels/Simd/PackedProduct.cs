namespace Espalier.Engine.Kernels.Simd;

/// <summary>Small products whose right factor is packed already and whose result lies in scratch with room for whole tiles.</summary>
internal static unsafe class PackedProduct<TTile>
    where TTile : struct, ITile
{
    /// <summary><paramref name="rows"/>, rounded up to whole tiles: so many rows of A are read and of C written.</summary>
    public static int PaddedRows(int rows) => (rows + TTile.TailRows - 1) / TTile.TailRows * TTile.TailRows;

    /// <summary><paramref name="columns"/>, rounded up to whole tiles.</summary>
    public static int PaddedColumns(int columns) => (columns + TTile.Columns - 1) / TTile.Columns * TTile.Columns;

    /// <summary>C = A·B or C += A·B; strides as in <see cref="ITile"/>.</summary>
    /// <param name="rows">Rows of A and C.</param>
    /// <param name="k">Length of the sums.</param>
    /// <param name="a">The left factor.</param>
    /// <param name="rowStride">Elements from row to row of A.</param>
    /// <param name="kStride">Elements from column to column of A.</param>
    /// <param name="packedB">Panels of the right factor.</param>
    /// <param name="packedK">Rows of those panels, k or more.</param>
    /// <param name="columns">Columns of C.</param>
    /// <param name="c">The result.</param>
    /// <param name="ldc">Leading dimension of C.</param>
    /// <param name="accumulate">Adds to C.</param>
    public static void Multiply(int rows, int k, float* a, nint rowStride, nint kStride, float* packedB, int packedK, int columns,
        float* c, nint ldc, bool accumulate)
    {
        for (int i = 0; i < rows;)
        {
            bool whole = rows - i >= TTile.Rows;
            float* panel = packedB, row = a + (i * rowStride);
            for (int j = 0; j < columns; j += TTile.Columns, panel += (nint)packedK * TTile.Columns)
            {
                float* tile = c + (i * ldc) + j, addend = accumulate ? tile : null;
                if (whole)
                {
                    TTile.Multiply(k, row, rowStride, kStride, panel, tile, ldc, addend, ldc);
                }
                else
                {
                    TTile.MultiplyTail(k, row, rowStride, kStride, panel, tile, ldc, addend, ldc);
                }
            }

            i += whole ? TTile.Rows : TTile.TailRows;
        }
    }
}
