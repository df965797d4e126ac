using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// A sparse matrix as kernels read it: columns are divided into blocks of 96, and in each block the stored elements go row
/// by row. So a block's part of the activations stays in the first-level cache while all rows use it.
/// </summary>
/// <remarks>
/// A row has an even number of elements in each block, the last of them perhaps an added zero in column 0 of the block. Within each
/// 64 rows those come first that have few elements: a loop over a row then mostly ends where the one before did, which the processor
/// foresees.
/// </remarks>
public readonly record struct SparseMatrix
{
    /// <summary>Columns of a block: with 64 tokens their activations take 24 KB.</summary>
    public const int Block = 96;

    /// <summary>Rows of a window, in which they are in an order of their own.</summary>
    public const int Window = 64;

    /// <summary>Outputs of a layer.</summary>
    public int Rows { get; init; }

    /// <summary>Inputs of a layer.</summary>
    public int Columns { get; init; }

    /// <summary>Where each row of each block begins in the elements, in the order of <see cref="Order"/>, and where the last
    /// ends: blocks × rows + 1.</summary>
    public DeviceSpan<int> Starts { get; init; }

    /// <summary>Which row of its window each row of each block is: blocks × rows.</summary>
    public DeviceSpan<byte> Order { get; init; }

    /// <summary>Each element's column within its block.</summary>
    public DeviceSpan<byte> Places { get; init; }

    /// <summary>Each element's value.</summary>
    public DeviceSpan<float> Values { get; init; }

    /// <summary>Blocks of columns.</summary>
    public int Blocks => (Columns + Block - 1) / Block;

    /// <summary>Bytes of all that a product reads of it.</summary>
    public long Bytes => (Starts.Length * sizeof(int)) + Order.Length + Places.Length + (Values.Length * sizeof(float));

    /// <summary>Where a row's elements of a block begin and end.</summary>
    internal unsafe (int Begin, int End) Locate(int block, int row)
    {
        long first = ((long)block * Rows) + (row / Window * Window);
        long at = first + new ReadOnlySpan<byte>(Order.Pointer + first, Math.Min(Window, Rows - (row / Window * Window))).IndexOf((byte)(row % Window));
        return (Starts.Pointer[at], Starts.Pointer[at + 1]);
    }

    /// <summary>Checks spans against sizes.</summary>
    /// <exception cref="ArgumentException">One is too short, or a size impossible.</exception>
    internal void Validate()
    {
        if (Rows < 0 || Columns < 0 || Starts.Length != ((long)Rows * Blocks) + 1
            || Order.Length != (long)Rows * Blocks || Places.Length != Values.Length)
        {
            throw new ArgumentException($"sparse matrix of {Rows} × {Columns}: {Starts.Length} starts, {Order.Length} rows "
                + $"in order, {Places.Length} places, {Values.Length} values; expected {((long)Rows * Blocks) + 1} starts, one row less, "
                + "as many places as values");
        }
    }
}
