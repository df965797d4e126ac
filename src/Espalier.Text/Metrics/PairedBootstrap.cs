using Espalier.Text.Randomness;

namespace Espalier.Text.Metrics;

/// <summary>What a paired bootstrap says about a system and a baseline.</summary>
/// <param name="BaselineScore">The baseline's score on the whole test set.</param>
/// <param name="SystemScore">The system's score on the whole test set.</param>
/// <param name="SystemMean">Mean of the system's score over the resamples.</param>
/// <param name="SystemInterval">Half the width of the interval that holds 95 % of those.</param>
/// <param name="PValue">How probable a difference this large is if the two are equally good.</param>
/// <param name="Signature">How it was computed.</param>
public sealed record PairedBootstrapResult(
    double BaselineScore, double SystemScore, double SystemMean, double SystemInterval, double PValue, string Signature);

/// <summary>
/// Paired bootstrap resampling (Koehn 2004), computed as sacrebleu does: sentences are drawn with replacement, both systems
/// are scored on the same draw, and the p-value is (c + 1) / (n + 1), where c of the n absolute differences, less their
/// mean, exceed the observed one. Where no sentence's statistics differ it is 1, which that formula would make 1 / (n + 1).
/// <para>
/// sacrebleu draws with NumPy's PCG64 and sums in single precision; here SplitMix64 draws and sums are exact.
/// With the same seed the resamples differ therefore, and p-values agree within the noise of resampling only.
/// </para>
/// </summary>
public static class PairedBootstrap
{
    /// <summary>Tests whether a system differs from a baseline.</summary>
    /// <param name="metric">The measure.</param>
    /// <param name="baseline">The baseline's translations.</param>
    /// <param name="system">The system's translations, in the same order.</param>
    /// <param name="references">Sets of references; <c>references[r][i]</c> belongs to sentence i.</param>
    /// <param name="resamples">Number of resamples, at least 1.</param>
    /// <param name="seed">Seed of the draws.</param>
    /// <exception cref="TextException">The sets differ in length, or a sentence has no reference.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no resample.</exception>
    public static PairedBootstrapResult Compare(CorpusMetric metric, IReadOnlyList<string> baseline, IReadOnlyList<string> system,
        IReadOnlyList<IReadOnlyList<string>> references, int resamples = 1000, ulong seed = 12345)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 1);
        long[][] baselineCounts = metric.CountAll(baseline, references, out int? perSentence);
        long[][] systemCounts = metric.CountAll(system, references, out _);
        double baselineScore = metric.ScoreOf(CorpusMetric.Sum(baselineCounts));
        double systemScore = metric.ScoreOf(CorpusMetric.Sum(systemCounts));

        var random = new CounterRandom(seed, Purpose.Bootstrap);
        var scores = new double[resamples];
        var differences = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            var baselineSum = new long[baselineCounts[0].Length];
            var systemSum = new long[baselineSum.Length];
            for (int i = 0; i < baselineCounts.Length; i++)
            {
                int drawn = (int)random.Below(baselineCounts.Length);
                CorpusMetric.Accumulate(baselineSum, baselineCounts[drawn]);
                CorpusMetric.Accumulate(systemSum, systemCounts[drawn]);
            }
            scores[r] = metric.ScoreOf(systemSum);
            differences[r] = Math.Abs(scores[r] - metric.ScoreOf(baselineSum));
        }

        double mean = differences.Average(), observed = Math.Abs(systemScore - baselineScore);
        bool same = baselineCounts.Zip(systemCounts).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second));
        int exceeding = same ? resamples : differences.Count(difference => difference - mean > observed);
        Array.Sort(scores);
        int tail = resamples / 40;
        return new PairedBootstrapResult(baselineScore, systemScore, scores.Average(), (scores[^(tail + 1)] - scores[tail]) / 2,
            (exceeding + 1.0) / (resamples + 1), metric.Signature(perSentence, $"bs:{resamples}|seed:{seed}"));
    }
}
