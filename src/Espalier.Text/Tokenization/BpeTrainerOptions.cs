namespace Espalier.Text.Tokenization;

/// <summary>What a <see cref="BpeTrainer"/> is asked for.</summary>
public sealed record BpeTrainerOptions
{
    /// <summary>The smallest vocabulary: 256 bytes and five special tokens.</summary>
    public const int SmallestVocabulary = 261;

    /// <summary>Ids wanted, special tokens included. A corpus with too few repeated pairs gives fewer.</summary>
    public int VocabularySize { get; init; } = 50_265;

    /// <summary>A pair must occur at least this often to be merged.</summary>
    public int MinimumFrequency { get; init; } = 2;

    /// <summary>Threads that count words. The outcome does not depend on it.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Distinct words kept while counting; above it the rarest are forgotten, so that memory stays bounded.</summary>
    public int MaximumDistinctWords { get; init; } = 2_000_000;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (VocabularySize < SmallestVocabulary)
            faults.Add($"vocabulary size {VocabularySize} is too small: 256 bytes and 5 special tokens need at least {SmallestVocabulary}");
        if (MinimumFrequency < 1)
            faults.Add($"minimum frequency {MinimumFrequency} must be at least 1");
        if (Threads < 1)
            faults.Add($"thread count {Threads} must be at least 1");
        if (MaximumDistinctWords < 1_000)
            faults.Add($"a limit of {MaximumDistinctWords} distinct words is too small: at least 1,000 are needed");
        return faults;
    }
}
