namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// The forward pass of one head of one sequence: a block of queries at a time, whose scores against all keys never leave
/// the cache. K and V are packed once and serve every block; for few queries they are read as they lie.
/// </summary>
internal static unsafe class AttentionForward<TLanes, TTile>
    where TLanes : struct, ILanes<TLanes>
    where TTile : struct, ITile
{
    private const int QueryBlock = 48;

    // For so few queries, as in decoding, packing K and V would cost more than the products.
    private const int FewQueries = 4;

    /// <summary>Scratch of one worker, in floats.</summary>
    public static long ScratchFloats(in AttentionArguments a)
    {
        long keys = PackedProduct<TTile>.PaddedColumns(a.LongestKeys), head = PackedProduct<TTile>.PaddedColumns(a.HeadSize);
        return (a.HeadSize * keys) + (a.LongestKeys * head) + (QueryBlock * (a.HeadSize + keys + head))
            + DropoutRow.Padded(a.LongestKeys);
    }

    public static void Run(in AttentionArguments a, in AttentionBlock block, float* scratch)
    {
        if (block.Queries == 0)
        {
            // Sentences that are finished, and room that a cache of keys keeps free: nothing to pack for.
            return;
        }

        if (block.Queries <= FewQueries)
        {
            RunFew(a, block, scratch);
            return;
        }

        int keys = block.Keys, d = a.HeadSize;
        int paddedKeys = PackedProduct<TTile>.PaddedColumns(keys), paddedHead = PackedProduct<TTile>.PaddedColumns(d);
        float* packedK = scratch, packedV = packedK + ((nint)d * paddedKeys), q = packedV + ((nint)keys * paddedHead);
        float* scores = q + (QueryBlock * d), o = scores + ((nint)QueryBlock * paddedKeys), factors = o + (QueryBlock * paddedHead);
        Packing.PackBTransposed(d, keys, a.K.Pointer + block.AtKV(0), a.LdKV, TTile.Columns, packedK);
        Packing.PackB(keys, d, a.V.Pointer + block.AtKV(0), a.LdKV, TTile.Columns, packedV);
        float* sums = stackalloc float[QueryBlock];
        for (int begin = 0; begin < block.Queries; begin += QueryBlock)
        {
            int queries = Math.Min(QueryBlock, block.Queries - begin);
            int seen = block.Seen(begin + queries - 1);
            AttentionRows<TLanes>.CopyScaled(
                queries, PackedProduct<TTile>.PaddedRows(queries), d, a.Q.Pointer + block.AtQ(begin), a.LdQ, a.Scale, q);
            PackedProduct<TTile>.Multiply(queries, d, q, d, 1, packedK, d, seen, scores, paddedKeys, accumulate: false);
            for (int i = 0; i < queries; i++)
            {
                sums[i] = Softmax(a, block, begin + i, seen, scores + ((nint)i * paddedKeys), factors);
            }

            PackedProduct<TTile>.Multiply(queries, seen, scores, paddedKeys, 1, packedV, keys, d, o, paddedHead, accumulate: false);
            for (int i = 0; i < queries; i++)
            {
                Elementwise<TLanes>.Scale(d, 1 / sums[i], o + (i * paddedHead), a.O.Pointer + block.AtO(begin + i));
            }
        }
    }

    private static void RunFew(in AttentionArguments a, in AttentionBlock block, float* scratch)
    {
        int d = a.HeadSize;
        float* scores = scratch, factors = scratch + PackedProduct<TTile>.PaddedColumns(block.Keys);
        float* k = a.K.Pointer + block.AtKV(0), v = a.V.Pointer + block.AtKV(0);
        for (int i = 0; i < block.Queries; i++)
        {
            int seen = block.Seen(i);
            float* q = a.Q.Pointer + block.AtQ(i), o = a.O.Pointer + block.AtO(i);
            for (int j = 0; j < seen; j++)
            {
                scores[j] = a.Scale * Rows<TLanes>.Dot(d, q, k + ((nint)j * a.LdKV));
            }

            float sum = Softmax(a, block, i, seen, scores, factors);
            new Span<float>(o, d).Clear();
            for (int j = 0; j < seen; j++)
            {
                Elementwise<TLanes>.AddScaled(d, scores[j], v + ((nint)j * a.LdKV), o);
            }

            Elementwise<TLanes>.Scale(d, 1 / sum, o, o);
        }
    }

    // Turns a row of scores into exponentials times dropout factors, zero where the query does not see; returns the
    // exponentials' sum, by which the result is divided at the end.
    private static float Softmax(in AttentionArguments a, in AttentionBlock block, int query, int columns, float* row, float* factors)
    {
        int seen = block.Seen(query);
        float largest = Rows<TLanes>.Largest(seen, row);
        float sum = Rows<TLanes>.Exponentials(seen, row, largest, row);
        new Span<float>(row + seen, columns - seen).Clear();
        if (!a.LogSumExp.IsEmpty)
        {
            a.LogSumExp.Pointer[block.MaskRow(query)] = largest + MathF.Log(sum);
        }

        if (!a.Dropout.IsNone)
        {
            DropoutRow.Fill(a.Dropout, block.MaskRow(query), seen, factors);
            Elementwise<TLanes>.Multiply(seen, row, factors, row);
        }

        return sum;
    }
}
