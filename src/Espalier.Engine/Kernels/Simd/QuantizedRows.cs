namespace Espalier.Engine.Kernels.Simd;

/// <summary>Rows of a quantized matrix as floats: for tables of embeddings, and for panels of B.</summary>
internal static unsafe class QuantizedRows<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    private const int Stretch = 64, Room = Stretch + QuantizedMatrix.Block;

    /// <summary>Expands whole blocks of a row: 32 floats each.</summary>
    public static void Expand(in QuantizedMatrix w, int row, int firstBlock, int blocks, float* y)
    {
        if (w.Narrow)
        {
            Expand<NarrowCodes<TLanes>>(w, row, firstBlock, blocks, y);
        }
        else
        {
            Expand<WideCodes<TLanes>>(w, row, firstBlock, blocks, y);
        }
    }

    /// <summary>Packs columns [j, j + columns) of B, rows of the matrix, at sums [p, p + k), as <see cref="Packing.PackBTransposed"/>.</summary>
    public static void PackB(in QuantizedMatrix w, int j, int columns, int p, int k, int panelColumns, float* packed)
    {
        float* expanded = stackalloc float[panelColumns * Room];
        for (int c = 0; c < columns; c += panelColumns)
        {
            int width = Math.Min(panelColumns, columns - c);
            for (int s = 0; s < k; s += Stretch)
            {
                int length = Math.Min(Stretch, k - s), first = (p + s) / QuantizedMatrix.Block;
                int blocks = ((p + s + length + QuantizedMatrix.Block - 1) / QuantizedMatrix.Block) - first;
                for (int row = 0; row < width; row++)
                {
                    Expand(w, j + c + row, first, blocks, expanded + (row * Room));
                }

                Packing.PackBTransposed(
                    length, width, expanded + (p + s - (first * QuantizedMatrix.Block)), Room, panelColumns, packed);
                packed += length * panelColumns;
            }
        }
    }

    private static void Expand<TCodes>(in QuantizedMatrix w, int row, int firstBlock, int blocks, float* y)
        where TCodes : struct, ICodes<TLanes>
    {
        byte* codes = w.Codes.Pointer + ((long)row * w.RowBytes) + (firstBlock * TCodes.BlockBytes);
        float* scales = w.Scales.Pointer + ((long)row * w.Groups), zeros = w.Zeros.Pointer + ((long)row * w.Groups);
        int groups = w.Groups, blocksOfGroup = groups == 1 ? w.Blocks : w.GroupColumns / QuantizedMatrix.Block;
        for (int block = firstBlock; block < firstBlock + blocks; block++, codes += TCodes.BlockBytes, y += QuantizedMatrix.Block)
        {
            int group = groups == 1 ? 0 : block / blocksOfGroup;
            TLanes scale = TLanes.All(scales[group]), zero = TLanes.All(zeros[group]);
            for (int c = 0; c < QuantizedMatrix.Block / 2; c += TLanes.Count)
            {
                TCodes.Load(codes, c, out TLanes first, out TLanes second);
                TLanes.MultiplyAdd(scale, first, zero).Store(y + c);
                TLanes.MultiplyAdd(scale, second, zero).Store(y + (QuantizedMatrix.Block / 2) + c);
            }
        }
    }
}
