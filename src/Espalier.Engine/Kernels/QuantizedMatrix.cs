using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// A matrix of codes as kernels read it: value = zero + scale · code, with a scale and a zero for each group of columns of
/// each row. Rows are divided into blocks of 32 columns, the last filled up with zeros.
/// </summary>
/// <remarks>
/// Narrow codes (up to 4 bits) take 16 bytes a block: byte i holds column i in its lower half, column 16 + i in its upper half,
/// so that two shifts give two vectors of neighbours whatever the width of a vector. Wider codes take a byte each, in order.
/// </remarks>
public readonly record struct QuantizedMatrix
{
    /// <summary>Columns of a block.</summary>
    public const int Block = 32;

    /// <summary>Outputs of a layer.</summary>
    public int Rows { get; init; }

    /// <summary>Inputs of a layer.</summary>
    public int Columns { get; init; }

    /// <summary>Codes take half a byte.</summary>
    public bool Narrow { get; init; }

    /// <summary>Columns that share a scale and a zero: a multiple of 32, or all.</summary>
    public int GroupColumns { get; init; }

    /// <summary>Rows × <see cref="RowBytes"/>.</summary>
    public DeviceSpan<byte> Codes { get; init; }

    /// <summary>Rows × groups.</summary>
    public DeviceSpan<float> Scales { get; init; }

    /// <summary>Rows × groups.</summary>
    public DeviceSpan<float> Zeros { get; init; }

    /// <summary>
    /// Which elements are there, the others being exactly 0: a word for each block of each row, its lowest bit for the block's
    /// first column. Empty where all are there. The code of an element that is not there is 0.
    /// </summary>
    public DeviceSpan<int> Mask { get; init; }

    /// <summary>The sum of each row's codes, which integer products need; else empty.</summary>
    public DeviceSpan<int> CodeSums { get; init; }

    /// <summary>Blocks of a row.</summary>
    public int Blocks => (Columns + Block - 1) / Block;

    /// <summary>Groups of a row.</summary>
    public int Groups => GroupColumns == 0 ? 1 : (Columns + GroupColumns - 1) / GroupColumns;

    /// <summary>The group of a block of a row.</summary>
    public int GroupOf(int block) => Groups == 1 ? 0 : block / (GroupColumns / Block);

    /// <summary>Bytes of a row's codes.</summary>
    public int RowBytes => Blocks * BlockBytes;

    /// <summary>Bytes of a block's codes.</summary>
    public int BlockBytes => Narrow ? Block / 2 : Block;

    /// <summary>Bytes of all that a product reads of it.</summary>
    public long Bytes => ((long)Rows * RowBytes) + ((long)Rows * Groups * 2 * sizeof(float)) + (Mask.Length * sizeof(int));

    /// <summary>Where an element's code is: which byte, and how far it is shifted.</summary>
    internal (long Byte, int Shift) Locate(int row, int column)
    {
        int inBlock = column % Block;
        long block = ((long)row * RowBytes) + (column / Block * BlockBytes);
        return Narrow ? (block + (inBlock % 16), inBlock / 16 * 4) : (block + inBlock, 0);
    }

    /// <summary>Checks spans against sizes.</summary>
    /// <exception cref="ArgumentException">One is too short, or a size impossible.</exception>
    internal void Validate()
    {
        long scales = (long)Rows * Groups;
        if (Rows < 0 || Columns < 0 || GroupColumns < 0 || (GroupColumns % Block != 0 && GroupColumns < Columns)
            || Codes.Length < (long)Rows * RowBytes || Scales.Length < scales || Zeros.Length < scales
            || (!Mask.IsEmpty && Mask.Length < (long)Rows * Blocks))
        {
            throw new ArgumentException($"quantized matrix of {Rows} × {Columns} in groups of {GroupColumns}: {Codes.Length} bytes, "
                + $"{Scales.Length} scales, {Zeros.Length} zeros, {Mask.Length} words of a mask; expected {(long)Rows * RowBytes}, {scales}, "
                + $"{scales} and {(long)Rows * Blocks} or none");
        }
    }
}
