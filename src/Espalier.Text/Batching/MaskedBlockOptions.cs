namespace Espalier.Text.Batching;

/// <summary>How batches for masked language modelling are made. The defaults are RoBERTa's and the paper's.</summary>
public sealed record MaskedBlockOptions
{
    /// <summary>Tokens of a block, T.</summary>
    public int BlockTokens { get; init; } = 128;

    /// <summary>Blocks of an effective batch. The last batch of a pass has what is left.</summary>
    public int BatchBlocks { get; init; } = 8192;

    /// <summary>A micro-batch has at most this many tokens, or one block.</summary>
    public int MicroBatchTokens { get; init; } = 4096;

    /// <summary>Share of the tokens to predict.</summary>
    public double MaskRate { get; init; } = 0.15;

    /// <summary>Of the tokens to predict, the share that the mask symbol replaces.</summary>
    public double MaskedShare { get; init; } = 0.8;

    /// <summary>Of the tokens to predict, the share that a random token replaces; the others stay.</summary>
    public double RandomShare { get; init; } = 0.1;

    /// <summary>Share of the blocks to take, in (0, 1]: always the same ones for a seed, and those of a smaller share among those of a
    /// larger one; null takes all.</summary>
    public double? DataFraction { get; init; }

    /// <summary>Whether blocks come in a new random order at each pass; else in the corpus's, as suits evaluation.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (BlockTokens < 2)
            faults.Add($"block size {BlockTokens} must be at least 2 tokens");
        if (BatchBlocks < 1)
            faults.Add($"batch size {BatchBlocks} must be at least 1 block");
        if (MicroBatchTokens < 1)
            faults.Add($"micro-batch size {MicroBatchTokens} must be at least 1 token");
        if (MaskRate is not (> 0 and < 1))
            faults.Add($"mask rate {MaskRate} must be between 0 and 1");
        if (MaskedShare is not (>= 0 and <= 1) || RandomShare is not (>= 0 and <= 1) || MaskedShare + RandomShare > 1)
            faults.Add($"masked share {MaskedShare} and random share {RandomShare} must be at least 0 and together at most 1");
        if (DataFraction is not (null or (> 0 and <= 1)))
            faults.Add($"data fraction {DataFraction} must be more than 0 and at most 1");
        return faults;
    }
}
