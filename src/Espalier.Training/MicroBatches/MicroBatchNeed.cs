namespace Espalier.Training.MicroBatches;

/// <summary>What a micro-batch is wanted for.</summary>
/// <param name="SequenceTokens">Tokens of a sequence.</param>
/// <param name="BatchSequences">Sequences of an effective batch.</param>
/// <param name="Memory">Bytes allowed for weights, gradients, moments and activations.</param>
public sealed record MicroBatchNeed(int SequenceTokens, int BatchSequences, long Memory)
{
    /// <summary>Three quarters of the machine's memory, in bytes: what is allowed where nothing is said.</summary>
    public static long MemoryUnlessGiven => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3;

    /// <summary>The smallest micro-batch that is of use, in such sequences: one that has room for the longest.</summary>
    public int LeastSequences { get; init; } = 1;

    /// <summary>How long the search may take where a step takes so many seconds; null lets it take what it needs. The smallest size is
    /// measured in any case.</summary>
    public Func<double, TimeSpan>? Longest { get; init; }
}
