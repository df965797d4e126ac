using Espalier.Training.Timing;

namespace Espalier.Training.MicroBatches;

/// <summary>A micro-batch size that was considered.</summary>
/// <param name="Sequences">Sequences of the longest length that pass through the model at once.</param>
/// <param name="Tokens">The same in tokens.</param>
/// <param name="TokensPerSecond">Measured rate of forward and backward passes; null where it was not tried.</param>
/// <param name="Bytes">Weights, gradients, moments and activations; an extrapolation where it was not tried.</param>
/// <param name="Fits">Whether that is within the memory allowed.</param>
public sealed record MicroBatchCandidate(int Sequences, int Tokens, double? TokensPerSecond, long Bytes, bool Fits);

/// <summary>The micro-batch that a run uses, and why. It is kept with the run: dropout is drawn by micro-batch.</summary>
/// <param name="Tokens">Most tokens of a micro-batch.</param>
/// <param name="Reason">Why this one, in words.</param>
/// <param name="StepSeconds">Measured seconds of an optimizer step over a whole effective batch.</param>
/// <param name="Candidates">All that were considered.</param>
public sealed record MicroBatchChoice(int Tokens, string Reason, double StepSeconds, IReadOnlyList<MicroBatchCandidate> Candidates)
{
    /// <summary>The time of a forward and backward pass of one such micro-batch, as in the paper; null where it was not timed so.</summary>
    public StepTiming? Timing { get; init; }
}
