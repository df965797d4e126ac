namespace Espalier.Text.Batching;

/// <summary>How sequences are gathered into batches, for classification and translation.</summary>
public sealed record SequenceBatchOptions
{
    /// <summary>An effective batch has at most this many sequences, or pairs; null for no such limit.</summary>
    public int? BatchSequences { get; init; }

    /// <summary>An effective batch has at most this many tokens, or one sequence; null for no such limit.</summary>
    public int? BatchTokens { get; init; }

    /// <summary>A micro-batch has at most this many tokens, or one sequence.</summary>
    public int MicroBatchTokens { get; init; } = 4096;

    /// <summary>
    /// Whether sequences come in a new random order at each pass, those of similar length together; else in the order of the
    /// file, as suits evaluation.
    /// </summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (BatchSequences is null && BatchTokens is null)
            faults.Add("the batch size must be given, in sequences or in tokens");
        if (BatchSequences < 1)
            faults.Add($"batch size {BatchSequences} must be at least 1 sequence");
        if (BatchTokens < 1)
            faults.Add($"batch size {BatchTokens} must be at least 1 token");
        if (MicroBatchTokens < 1)
            faults.Add($"micro-batch size {MicroBatchTokens} must be at least 1 token");
        return faults;
    }
}
