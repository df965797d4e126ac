using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Panels of B, expanded from the rows of a quantized matrix. Codes are turned first, four or eight at a time as words of 32
/// bits: a quarter or an eighth of what turning floats would cost. Then each is taken from its word where it is to stand.
/// </summary>
internal static unsafe class QuantizedPanels<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Sums at which a block of B may begin are a multiple of this: the columns that are turned together.</summary>
    public const int Grain = 2 * QuantizedMatrix.Block;

    // Words that are turned together: one block of bytes, two of half bytes.
    private const int Words = 8;

    // Columns of a panel, those of every tile: two vectors.
    private static int Width => 2 * TLanes.Count;

    /// <summary>
    /// Packs columns [j, j + columns) of B, rows of the matrix, at sums [p, p + k), p a multiple of <see cref="Grain"/>, as
    /// <see cref="Packing.PackBTransposed"/>.
    /// </summary>
    public static void Pack(in QuantizedMatrix w, int j, int columns, int p, int k, float* packed)
    {
        float* words = stackalloc float[Words * Width], scales = stackalloc float[2 * Width];
        float* rest = stackalloc float[QuantizedMatrix.Block * Width], kept = stackalloc float[Width];
        int wordsOfBlock = w.BlockBytes / sizeof(float), together = Words / wordsOfBlock, ld = w.RowBytes / sizeof(float);
        for (int row = j; row < j + columns; row += Width)
        {
            int rows = Math.Min(Width, j + columns - row), group = -1, block = p / QuantizedMatrix.Block;
            float* codes = (float*)(w.Codes.Pointer + ((nint)row * w.RowBytes));
            for (int left = k; left > 0;)
            {
                int blocks = Math.Min(together, w.Blocks - block);
                Packing.TransposeBlock(rows, blocks * wordsOfBlock, codes + (block * wordsOfBlock), ld, words, Width);
                for (int b = 0; b < blocks && left > 0; b++, block++, left -= QuantizedMatrix.Block)
                {
                    if (w.GroupOf(block) != group)
                    {
                        group = w.GroupOf(block);
                        Gather(w, row, rows, group, scales);
                    }

                    int length = Math.Min(QuantizedMatrix.Block, left);
                    float* target = length == QuantizedMatrix.Block ? packed : rest;
                    Expand(w.Narrow, words + (b * wordsOfBlock * Width), scales, target);
                    if (!w.Mask.IsEmpty)
                    {
                        Clear(w, row, rows, block, (int*)kept, target);
                    }

                    if (target == rest)
                    {
                        new Span<float>(rest, length * Width).CopyTo(new Span<float>(packed, length * Width));
                    }

                    packed += length * Width;
                }
            }
        }
    }

    // Scales, then zeros. Rows that are not there have neither, so whatever their codes, their values are 0.
    private static void Gather(in QuantizedMatrix w, int row, int rows, int group, float* scales)
    {
        new Span<float>(scales, 2 * Width).Clear();
        for (int r = 0; r < rows; r++)
        {
            nint at = ((nint)(row + r) * w.Groups) + group;
            (scales[r], scales[Width + r]) = (w.Scales.Pointer[at], w.Zeros.Pointer[at]);
        }
    }

    // What is pruned is times 0, all else times 1.
    private static void Clear(in QuantizedMatrix w, int row, int rows, int block, int* kept, float* y)
    {
        for (int r = 0; r < Width; r++)
        {
            kept[r] = r < rows ? w.Mask.Pointer[((nint)(row + r) * w.Blocks) + block] : 0;
        }

        for (int column = 0; column < QuantizedMatrix.Block; column++, y += Width)
        {
            (TLanes.Load(y) * TLanes.LoadPart((float*)kept, column, 1)).Store(y);
            (TLanes.Load(y + TLanes.Count) * TLanes.LoadPart((float*)kept + TLanes.Count, column, 1)).Store(y + TLanes.Count);
        }
    }

    private static void Expand(bool narrow, float* words, float* scales, float* y)
    {
        var pair = new Pair(scales);
        if (narrow)
        {
            // The lower halves are columns 0 … 15 of the block, the upper ones columns 16 … 31.
            float* upper = y + (QuantizedMatrix.Block / 2 * Width);
            for (int word = 0; word < QuantizedMatrix.Block / 8; word++, words += Width, y += 4 * Width, upper += 4 * Width)
            {
                pair.Expand(words, 0, 15, y);
                pair.Expand(words, 4, 15, upper);
                pair.Expand(words, 8, 15, y + Width);
                pair.Expand(words, 12, 15, upper + Width);
                pair.Expand(words, 16, 15, y + (2 * Width));
                pair.Expand(words, 20, 15, upper + (2 * Width));
                pair.Expand(words, 24, 15, y + (3 * Width));
                pair.Expand(words, 28, 15, upper + (3 * Width));
            }

            return;
        }

        for (int word = 0; word < QuantizedMatrix.Block / 4; word++, words += Width, y += 4 * Width)
        {
            pair.Expand(words, 0, 255, y);
            pair.Expand(words, 8, 255, y + Width);
            pair.Expand(words, 16, 255, y + (2 * Width));
            pair.Expand(words, 24, 255, y + (3 * Width));
        }
    }

    // Scales and zeros of a panel's rows, in registers.
    private readonly struct Pair(float* scales)
    {
        private readonly TLanes _scale0 = TLanes.Load(scales), _scale1 = TLanes.Load(scales + TLanes.Count);
        private readonly TLanes _zero0 = TLanes.Load(scales + Width), _zero1 = TLanes.Load(scales + Width + TLanes.Count);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Expand(float* words, int shift, int mask, float* y)
        {
            TLanes.MultiplyAdd(_scale0, TLanes.LoadPart(words, shift, mask), _zero0).Store(y);
            TLanes.MultiplyAdd(_scale1, TLanes.LoadPart(words + TLanes.Count, shift, mask), _zero1).Store(y + TLanes.Count);
        }
    }
}
