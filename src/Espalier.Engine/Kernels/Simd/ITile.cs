namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// The innermost block of every matrix product: a tile of C held in registers over the whole sum.
/// </summary>
internal unsafe interface ITile
{
    /// <summary>Rows of the tile.</summary>
    static abstract int Rows { get; }

    /// <summary>Columns of the tile, and of a panel of B.</summary>
    static abstract int Columns { get; }

    /// <summary>Rows of the lower tile that finishes a matrix whose rows are no multiple of <see cref="Rows"/>; divides it.</summary>
    static abstract int TailRows { get; }

    /// <summary>
    /// C = A·B + addend for one tile. Element (i, p) of A stands at a + i·rowStride + p·kStride, so rows may lie either way;
    /// B is a panel of k rows of <see cref="Columns"/>; C has ldc elements from row to row, the addend ldAddend: it may be
    /// C itself, one row for all (ldAddend 0), or null for none. Writes the whole tile.
    /// </summary>
    static abstract void Multiply(
        int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend);

    /// <summary>The same for <see cref="TailRows"/> rows.</summary>
    static abstract void MultiplyTail(
        int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend);
}
