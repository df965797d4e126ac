using Espalier.Engine.Devices;

namespace Espalier.Training.MicroBatches;

/// <summary>
/// Chooses the micro-batch by measurement at constant effective batch: the fastest that fits the memory allowed. The paper
/// takes the largest that fits (§2.2), which on a processor with caches need not be the fastest.
/// </summary>
/// <remarks>It runs on a model of its own, so that nothing of the training run is touched.</remarks>
public static class MicroBatchSearch
{
    // A larger one must be faster by more than the noise of such short measurements to be worth its memory.
    private const double WorthIt = 1.02;

    // Once this much slower than the best, doubling again has never helped: activations have left the caches for good.
    private const double Hopeless = 0.93;

    /// <summary>Measures sizes that double from one sequence to the whole effective batch.</summary>
    /// <param name="device">Where training will run.</param>
    /// <param name="model">Declares the model and gives its loss on made-up sequences of the longest length.</param>
    /// <param name="sequenceTokens">Tokens of such a sequence.</param>
    /// <param name="batchSequences">Sequences of an effective batch.</param>
    /// <param name="memory">Bytes allowed for weights, gradients, moments and activations.</param>
    /// <param name="progress">Told the part of the sizes that is done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="MicroBatchException">Not even one sequence fits.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static MicroBatchChoice Choose(
        Device device, TrialModel model, int sequenceTokens, int batchSequences, long memory,
        IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        using var trial = new MicroBatchTrial(device, model);
        RequireState(trial, memory);
        List<MicroBatchCandidate> candidates = [];
        MicroBatchCandidate? best = null;
        int[] sizes = [.. Sizes(batchSequences)];
        for (int i = 0; i < sizes.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report((double)i / sizes.Length);
            int sequences = sizes[i], tokens = sequences * sequenceTokens;
            long expected = candidates.Count == 0
                ? trial.StateBytes
                : trial.StateBytes + (long)((candidates[^1].Bytes - trial.StateBytes) * (sequences / (double)candidates[^1].Sequences));
            if (expected > memory)
            {
                candidates.Add(new MicroBatchCandidate(sequences, tokens, null, expected, Fits: false));
                break;
            }

            (double seconds, long bytes) = trial.Measure(sequences);
            var candidate = new MicroBatchCandidate(sequences, tokens, tokens / seconds, bytes, bytes <= memory);
            candidates.Add(candidate);
            if (!candidate.Fits)
            {
                break;
            }

            if (best == null || candidate.TokensPerSecond > WorthIt * best.TokensPerSecond)
            {
                best = candidate;
            }
            else if (candidate.TokensPerSecond < Hopeless * best.TokensPerSecond)
            {
                break;
            }
        }

        if (best == null)
        {
            throw new MicroBatchException(memory, candidates[^1].Bytes, "a micro-batch of one sequence");
        }

        double step = (batchSequences * (double)sequenceTokens / best.TokensPerSecond!.Value) + trial.OptimizerSeconds();
        return new MicroBatchChoice(best.Tokens, Reason(best, candidates, batchSequences, memory), step, candidates);
    }

    /// <summary>Takes the size that the caller names, and measures it for the time estimate.</summary>
    /// <inheritdoc cref="Choose"/>
    public static MicroBatchChoice Take(
        Device device, TrialModel model, int sequenceTokens, int batchSequences, int sequences, long memory)
    {
        using var trial = new MicroBatchTrial(device, model);
        RequireState(trial, memory);
        int actual = Math.Min(sequences, batchSequences);
        (double seconds, long bytes) = trial.Measure(actual);
        if (bytes > memory)
        {
            throw new MicroBatchException(memory, bytes, $"the micro-batch of {actual} sequences that was asked for");
        }

        double rate = actual * sequenceTokens / seconds;
        return new MicroBatchChoice(
            actual * sequenceTokens, "was asked for", (batchSequences * (double)sequenceTokens / rate) + trial.OptimizerSeconds(),
            [new MicroBatchCandidate(actual, actual * sequenceTokens, rate, bytes, Fits: true)]);
    }

    private static void RequireState(MicroBatchTrial trial, long memory)
    {
        if (trial.StateBytes > memory)
        {
            throw new MicroBatchException(memory, trial.StateBytes, "weights, gradients and moments alone");
        }
    }

    private static IEnumerable<int> Sizes(int batchSequences)
    {
        for (int size = 1; size < batchSequences; size *= 2)
        {
            yield return size;
        }

        yield return batchSequences;
    }

    private static string Reason(MicroBatchCandidate best, List<MicroBatchCandidate> all, int batchSequences, long memory)
    {
        string rate = $"{best.TokensPerSecond:F0} tokens/s at {best.Bytes / 1e6:F0} MB";
        string rest = all[^1].Fits
            ? best.Sequences == batchSequences ? "the whole effective batch at once" : "the fastest; larger ones gain less than 2 %"
            : $"the fastest that fits {memory / 1e6:F0} MB; {all[^1].Sequences} sequences need {all[^1].Bytes / 1e6:F0} MB";
        return $"{rest}: {best.Sequences} of {batchSequences} sequences, {rate}";
    }
}
