namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// The backward pass of one head of one sequence, a block of queries at a time: probabilities are recomputed from the kept
/// log-sum-exp, gradients of K and V gather in scratch over the blocks (formulas in ReferenceKernels.Attention.cs).
/// </summary>
internal static unsafe class AttentionBackward<TLanes, TTile>
    where TLanes : struct, ILanes<TLanes>
    where TTile : struct, ITile
{
    private const int QueryBlock = 128;

    /// <summary>Scratch of one worker, in floats.</summary>
    public static long ScratchFloats(in AttentionArguments a)
    {
        long keys = PackedProduct<TTile>.PaddedColumns(a.LongestKeys), head = PackedProduct<TTile>.PaddedColumns(a.HeadSize);
        return (keys * ((2 * a.HeadSize) + head)) + (2 * keys * head) + (QueryBlock * ((2 * a.HeadSize) + (3 * head) + (2 * keys)))
            + DropoutRow.Padded(a.LongestKeys);
    }

    public static void Run(in AttentionArguments a, in AttentionGradients g, in AttentionBlock block, float* scratch)
    {
        int keys = block.Keys, d = a.HeadSize;
        int paddedKeys = PackedProduct<TTile>.PaddedColumns(keys), paddedHead = PackedProduct<TTile>.PaddedColumns(d);
        float* keysTransposed = scratch;
        float* valuesTransposed = keysTransposed + ((nint)d * paddedKeys);
        float* packedKeys = valuesTransposed + ((nint)d * paddedKeys);
        float* dK = packedKeys + ((nint)paddedKeys * paddedHead);
        float* dV = dK + ((nint)paddedKeys * paddedHead);
        float* queryScratch = dV + ((nint)paddedKeys * paddedHead);
        Packing.PackBTransposed(d, keys, a.K.Pointer + block.AtKV(0), a.LdKV, TTile.Columns, keysTransposed);
        Packing.PackBTransposed(d, keys, a.V.Pointer + block.AtKV(0), a.LdKV, TTile.Columns, valuesTransposed);
        Packing.PackB(keys, d, a.K.Pointer + block.AtKV(0), a.LdKV, TTile.Columns, packedKeys);
        new Span<float>(dK, 2 * paddedKeys * paddedHead).Clear();
        for (int begin = 0; begin < block.Queries; begin += QueryBlock)
        {
            RunQueries(
                a, g, block, begin, Math.Min(QueryBlock, block.Queries - begin), keysTransposed, valuesTransposed, packedKeys,
                dK, dV, queryScratch);
        }

        for (int j = 0; j < keys; j++)
        {
            Elementwise<TLanes>.Scale(d, 1, dK + ((nint)j * paddedHead), g.K.Pointer + block.AtKV(j));
            Elementwise<TLanes>.Scale(d, 1, dV + ((nint)j * paddedHead), g.V.Pointer + block.AtKV(j));
        }
    }

    private static void RunQueries(in AttentionArguments a, in AttentionGradients g, in AttentionBlock block, int begin, int queries,
        float* keysTransposed, float* valuesTransposed, float* packedKeys, float* dK, float* dV, float* scratch)
    {
        int keys = block.Keys, d = a.HeadSize;
        int paddedKeys = PackedProduct<TTile>.PaddedColumns(keys), paddedHead = PackedProduct<TTile>.PaddedColumns(d);
        float* q = scratch, dO = q + (QueryBlock * d), packedQ = dO + (QueryBlock * d);
        float* packedDO = packedQ + (QueryBlock * paddedHead), dQ = packedDO + (QueryBlock * paddedHead);
        float* p = dQ + (QueryBlock * paddedHead), dS = p + ((nint)QueryBlock * paddedKeys), factors = dS + ((nint)QueryBlock * paddedKeys);
        int padded = PackedProduct<TTile>.PaddedRows(queries), seen = block.Seen(begin + queries - 1);
        float* sourceQ = a.Q.Pointer + block.AtQ(begin), sourceDO = g.O.Pointer + block.AtO(begin);
        nint ldO = a.Heads * (nint)d;

        AttentionRows<TLanes>.CopyScaled(queries, padded, d, sourceQ, a.LdQ, a.Scale, q);
        AttentionRows<TLanes>.CopyScaled(queries, padded, d, sourceDO, ldO, 1, dO);
        PackedProduct<TTile>.Multiply(queries, d, q, d, 1, keysTransposed, d, seen, p, paddedKeys, accumulate: false);
        PackedProduct<TTile>.Multiply(queries, d, dO, d, 1, valuesTransposed, d, seen, dS, paddedKeys, accumulate: false);
        for (int i = 0; i < queries; i++)
        {
            SoftmaxBackward(a, block, begin + i, dO + (i * d), p + ((nint)i * paddedKeys), dS + ((nint)i * paddedKeys), factors);
        }

        PackedProduct<TTile>.Multiply(queries, seen, dS, paddedKeys, 1, packedKeys, keys, d, dQ, paddedHead, accumulate: false);
        for (int i = 0; i < queries; i++)
        {
            Elementwise<TLanes>.Scale(d, 1, dQ + (i * paddedHead), g.Q.Pointer + block.AtQ(begin + i));
        }

        Packing.PackB(queries, d, sourceQ, a.LdQ, TTile.Columns, packedQ);
        Packing.PackB(queries, d, sourceDO, ldO, TTile.Columns, packedDO);
        PackedProduct<TTile>.Multiply(seen, queries, dS, 1, paddedKeys, packedQ, queries, d, dK, paddedHead, accumulate: true);
        PackedProduct<TTile>.Multiply(seen, queries, p, 1, paddedKeys, packedDO, queries, d, dV, paddedHead, accumulate: true);
    }

    private static void SoftmaxBackward(
        in AttentionArguments a, in AttentionBlock block, int query, float* dO, float* p, float* dS, float* factors)
    {
        int seen = block.Seen(query), maskRow = block.MaskRow(query);
        int paddedKeys = PackedProduct<TTile>.PaddedColumns(block.Keys);
        if (a.Dropout.IsNone)
        {
            factors = null;
        }
        else
        {
            DropoutRow.Fill(a.Dropout, maskRow, seen, factors);
        }

        float inner = Rows<TLanes>.Dot(a.HeadSize, dO, a.O.Pointer + block.AtO(query));
        AttentionRows<TLanes>.SoftmaxBackward(seen, p, dS, factors, a.LogSumExp.Pointer[maskRow], inner, a.Scale);
        new Span<float>(p + seen, paddedKeys - seen).Clear();
        new Span<float>(dS + seen, paddedKeys - seen).Clear();
    }
}
