using Espalier.Engine.Devices;
using Espalier.Training.Timing;

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

    /// <summary>Measures sizes that double from the smallest to the whole effective batch.</summary>
    /// <param name="device">Where training will run.</param>
    /// <param name="model">Declares the model and gives its loss on made-up sequences.</param>
    /// <param name="need">What for, and how much memory and time are allowed.</param>
    /// <param name="progress">Told the part of the sizes that is done.</param>
    /// <param name="cancel">Stops it after the pass that is under way.</param>
    /// <exception cref="MicroBatchException">Not even the smallest fits.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static MicroBatchChoice Choose(
        Device device, TrialModel model, MicroBatchNeed need, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        using var trial = new MicroBatchTrial(device, model);
        MicroBatchChoice choice = Choose(trial.StateBytes, size => trial.Measure(size, cancel), need, progress, cancel);
        return choice with { StepSeconds = choice.StepSeconds + trial.OptimizerSeconds() };
    }

    /// <summary>Takes the size that the caller names, and measures it.</summary>
    /// <inheritdoc cref="Choose(Device, TrialModel, MicroBatchNeed, IProgress{double}?, CancellationToken)"/>
    public static MicroBatchChoice Take(
        Device device, TrialModel model, MicroBatchNeed need, int sequences, CancellationToken cancel = default)
    {
        using var trial = new MicroBatchTrial(device, model);
        RequireState(trial.StateBytes, need.Memory);
        int wanted = Math.Min(sequences, need.BatchSequences), actual = Math.Max(wanted, need.LeastSequences);
        (double seconds, long bytes) = trial.Measure(actual, cancel);
        string asked = actual == wanted ? $"the micro-batch of {actual} sequences that was asked for"
            : $"a micro-batch of {actual} sequences, which has room for the longest,";
        if (bytes > need.Memory)
        {
            throw new MicroBatchException(need.Memory, bytes, asked);
        }

        MicroBatchCandidate taken = Candidate(need, actual, seconds, bytes);
        string reason = actual == wanted ? "was asked for" : $"{wanted} was asked for, {actual} have room for the longest";
        return new MicroBatchChoice(taken.Tokens, reason, StepSeconds(need, taken) + trial.OptimizerSeconds(), [taken]);
    }

    /// <summary>
    /// Times steps with a choice as the paper does (§2.2): waits until the time is stable, then averages 100, or as many as there
    /// is time for. An effective batch of several micro-batches is reckoned from the time of one.
    /// </summary>
    /// <param name="device">Where training will run.</param>
    /// <param name="model">The model that the choice was made for.</param>
    /// <param name="need">What it was made for.</param>
    /// <param name="choice">The choice.</param>
    /// <param name="longest">How long it may take; three are timed at least.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static MicroBatchChoice Time(
        Device device, TrialModel model, MicroBatchNeed need, MicroBatchChoice choice, TimeSpan longest, CancellationToken cancel = default)
    {
        using var trial = new MicroBatchTrial(device, model);
        int sequences = choice.Tokens / need.SequenceTokens;
        StepTiming timing = trial.Time(Math.Min(sequences, need.BatchSequences), longest, cancel);
        double passes = Math.Max(1, need.BatchSequences / (double)sequences);
        return choice with { StepSeconds = (passes * timing.Mean) + trial.OptimizerSeconds(), Timing = timing };
    }

    internal static MicroBatchChoice Choose(
        long stateBytes, Func<int, (double Seconds, long Bytes)> measure, MicroBatchNeed need, IProgress<double>? progress, CancellationToken cancel)
    {
        RequireState(stateBytes, need.Memory);
        List<MicroBatchCandidate> candidates = [];
        MicroBatchCandidate? best = null;
        double spent = 0;
        int[] sizes = [.. Sizes(need)];
        for (int i = 0; i < sizes.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report((double)i / sizes.Length);
            int sequences = sizes[i];
            long expected = candidates.Count == 0
                ? stateBytes
                : stateBytes + (long)((candidates[^1].Bytes - stateBytes) * (sequences / (double)candidates[^1].Sequences));
            if (expected > need.Memory)
            {
                candidates.Add(new MicroBatchCandidate(sequences, sequences * need.SequenceTokens, null, expected, Fits: false));
                break;
            }

            if (best != null && spent + TimeOf(sequences, candidates[^1], need) > need.Longest?.Invoke(StepSeconds(need, best)).TotalSeconds)
            {
                candidates.Add(new MicroBatchCandidate(sequences, sequences * need.SequenceTokens, null, expected, Fits: true));
                break;
            }

            (double seconds, long bytes) = measure(sequences);
            spent += MicroBatchTrial.Passes * seconds;
            MicroBatchCandidate candidate = Candidate(need, sequences, seconds, bytes);
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

        return best == null
            ? throw new MicroBatchException(need.Memory, candidates[^1].Bytes, sizes[0] == 1 ? "a micro-batch of one sequence"
                : $"a micro-batch of {sizes[0]} sequences, which has room for the longest,")
            : new MicroBatchChoice(best.Tokens, Reason(best, candidates, need), StepSeconds(need, best), candidates);
    }

    private static MicroBatchCandidate Candidate(MicroBatchNeed need, int sequences, double seconds, long bytes) => new(
        sequences, sequences * need.SequenceTokens, sequences * need.SequenceTokens / seconds, bytes, bytes <= need.Memory);

    // What measuring a size is expected to take, after that of a smaller one.
    private static double TimeOf(int sequences, MicroBatchCandidate smaller, MicroBatchNeed need)
        => MicroBatchTrial.Passes * sequences * need.SequenceTokens / smaller.TokensPerSecond!.Value;

    // Without the optimizer's part.
    private static double StepSeconds(MicroBatchNeed need, MicroBatchCandidate candidate)
        => need.BatchSequences * (double)need.SequenceTokens / candidate.TokensPerSecond!.Value;

    private static void RequireState(long stateBytes, long memory)
    {
        if (stateBytes > memory)
        {
            throw new MicroBatchException(memory, stateBytes, "weights, gradients and moments alone");
        }
    }

    private static IEnumerable<int> Sizes(MicroBatchNeed need)
    {
        for (int size = need.LeastSequences; size < need.BatchSequences; size *= 2)
        {
            yield return size;
        }

        yield return Math.Max(need.LeastSequences, need.BatchSequences);
    }

    private static string Reason(MicroBatchCandidate best, List<MicroBatchCandidate> all, MicroBatchNeed need)
    {
        string rate = $"{best.TokensPerSecond:F0} tokens/s at {best.Bytes / 1e6:F0} MB";
        string rest = all[^1] is { Fits: true, TokensPerSecond: null } untried
            ? $"the fastest of those that there was time to try; {untried.Sequences} sequences would have taken too long"
            : all[^1].Fits
            ? best.Sequences >= need.BatchSequences ? "the whole effective batch at once" : "the fastest; larger ones gain less than 2 %"
            : $"the fastest that fits {need.Memory / 1e6:F0} MB; {all[^1].Sequences} sequences need {all[^1].Bytes / 1e6:F0} MB";
        return $"{rest}: {Math.Min(best.Sequences, need.BatchSequences)} of {need.BatchSequences} sequences, {rate}";
    }
}
