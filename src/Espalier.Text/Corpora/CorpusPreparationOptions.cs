namespace Espalier.Text.Corpora;

/// <summary>How a corpus is prepared.</summary>
public sealed record CorpusPreparationOptions
{
    /// <summary>What separates documents.</summary>
    public DocumentLayout Layout { get; init; } = DocumentLayout.Line;

    /// <summary>Share of the documents that is held out, as in the paper's experiments: 0.5 %. Where there are too few to draw from, so much
    /// of the text's end is.</summary>
    public double HeldOutFraction { get; init; } = 0.005;

    /// <summary>Share of the remaining documents that is trained on (paper, Figure 14: 5 % and 1 %).</summary>
    public double Fraction { get; init; } = 1;

    /// <summary>Part of each file that is read, from its beginning: of the rest not even the length of a line is looked at.</summary>
    public double Part { get; init; } = 1;

    /// <summary>Seed of both draws.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Threads that encode. The outcome does not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>A shard is closed once it holds this many tokens.</summary>
    public long ShardTokens { get; init; } = 1L << 27;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (HeldOutFraction is not (>= 0 and < 1))
            faults.Add($"held-out fraction {HeldOutFraction} must be at least 0 and below 1");
        if (Fraction is not (> 0 and <= 1))
            faults.Add($"fraction {Fraction} must be above 0 and at most 1");
        if (Part is not (> 0 and <= 1))
            faults.Add($"part {Part} must be above 0 and at most 1");
        if (Threads < 1)
            faults.Add($"thread count {Threads} must be at least 1");
        if (ShardTokens < 1)
            faults.Add($"shard size {ShardTokens} must be at least 1 token");
        return faults;
    }
}
