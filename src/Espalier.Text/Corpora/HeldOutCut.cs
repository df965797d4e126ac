namespace Espalier.Text.Corpora;

/// <summary>Parts a text whose documents are too few for a draw to do so: its end is held out, cut off within a document if need be.</summary>
internal static class HeldOutCut
{
    // Fewer may have none that is masked, and then nothing is measured by them. Of less than twice as many, half.
    private const int LeastTokens = 256;

    /// <summary>Parts it, and removes the shards that held the whole.</summary>
    /// <param name="folder">Where the shards lie.</param>
    /// <param name="drawn">The one part that all documents fell into.</param>
    /// <param name="wide">Whether tokens take four bytes.</param>
    /// <param name="options">How the corpus is prepared.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>What is trained on, and what is held out.</returns>
    public static (SplitRecord Train, SplitRecord HeldOut) Make(
        string folder, SplitRecord drawn, bool wide, CorpusPreparationOptions options, CancellationToken cancel)
    {
        long least = Math.Min(LeastTokens, drawn.Tokens / 2);
        long kept = drawn.Tokens - Math.Clamp((long)(options.HeldOutFraction * drawn.Tokens), least, drawn.Tokens - 1);
        using var train = new TokenShardWriter(folder, "train-cut", wide, options.ShardTokens);
        using var heldOut = new TokenShardWriter(folder, "heldout-cut", wide, options.ShardTokens);
        using (var whole = new TokenSplit(folder, drawn, wide))
        {
            foreach (TokenShard shard in whole.Shards)
                kept -= Copy(shard, train, heldOut, kept, cancel);
        }
        foreach (ShardRecord shard in drawn.Shards)
        {
            File.Delete(Path.Join(folder, shard.Name + TokenShardWriter.TokensExtension));
            File.Delete(Path.Join(folder, shard.Name + TokenShardWriter.OffsetsExtension));
        }
        return (train.Complete(), heldOut.Complete());
    }

    // The first tokens to the one, the others to the other; returns how many there were.
    private static long Copy(TokenShard shard, TokenShardWriter train, TokenShardWriter heldOut, long kept, CancellationToken cancel)
    {
        int[] buffer = new int[1 << 16];
        long at = 0;
        for (long document = 0; document < shard.Documents; document++)
        {
            cancel.ThrowIfCancellationRequested();
            for (long end = shard.Offset(document + 1); at < end;)
            {
                (TokenShardWriter to, long stop) = at < kept ? (train, Math.Min(end, kept)) : (heldOut, end);
                Span<int> tokens = buffer.AsSpan(0, (int)Math.Min(buffer.Length, stop - at));
                shard.CopyTo(at, tokens);
                to.Append(tokens);
                at += tokens.Length;
                if (at == stop)
                    to.EndDocument();
            }
        }
        return at;
    }
}
