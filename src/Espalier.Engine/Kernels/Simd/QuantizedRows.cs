using System.Numerics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>Rows of a quantized matrix as floats, for tables of embeddings.</summary>
internal static unsafe class QuantizedRows<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
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

    private static void Expand<TCodes>(in QuantizedMatrix w, int row, int firstBlock, int blocks, float* y)
        where TCodes : struct, ICodes<TLanes>
    {
        byte* codes = w.Codes.Pointer + ((long)row * w.RowBytes) + (firstBlock * TCodes.BlockBytes);
        float* scales = w.Scales.Pointer + ((long)row * w.Groups), zeros = w.Zeros.Pointer + ((long)row * w.Groups);
        for (int block = firstBlock; block < firstBlock + blocks; block++, codes += TCodes.BlockBytes, y += QuantizedMatrix.Block)
        {
            int group = w.GroupOf(block);
            TLanes scale = TLanes.All(scales[group]), zero = TLanes.All(zeros[group]);
            for (int c = 0; c < QuantizedMatrix.Block / 2; c += TLanes.Count)
            {
                TCodes.Load(codes, c, out TLanes first, out TLanes second);
                TLanes.MultiplyAdd(scale, first, zero).Store(y + c);
                TLanes.MultiplyAdd(scale, second, zero).Store(y + (QuantizedMatrix.Block / 2) + c);
            }

            uint pruned = w.Mask.IsEmpty ? 0 : ~(uint)w.Mask.Pointer[((nint)row * w.Blocks) + block];
            for (; pruned != 0; pruned &= pruned - 1)
            {
                y[BitOperations.TrailingZeroCount(pruned)] = 0;
            }
        }
    }
}
