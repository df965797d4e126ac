using System.Globalization;

namespace Espalier.Text.Metrics;

/// <summary>A BLEU score and what it was made of.</summary>
/// <param name="Score">From 0 to 100.</param>
/// <param name="Correct">Matched n-grams, for n = 1 … 4.</param>
/// <param name="Total">N-grams of the hypotheses, for n = 1 … 4.</param>
/// <param name="Precisions">Smoothed precision in percent, for n = 1 … 4.</param>
/// <param name="BrevityPenalty">From 0 to 1; 1 when the hypotheses are at least as long as the references.</param>
/// <param name="HypothesisLength">Words of the hypotheses.</param>
/// <param name="ReferenceLength">Words of the references closest in length.</param>
/// <param name="Signature">How it was computed.</param>
public sealed record BleuScore(double Score, IReadOnlyList<long> Correct, IReadOnlyList<long> Total, IReadOnlyList<double> Precisions,
    double BrevityPenalty, long HypothesisLength, long ReferenceLength, string Signature)
{
    /// <summary>One line in sacrebleu's format, signature included.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"BLEU|{Signature} = {Score:F2} {string.Join('/', Precisions.Select(p => p.ToString("F1", CultureInfo.InvariantCulture)))} "
        + $"(BP = {BrevityPenalty:F3} ratio = {(ReferenceLength == 0 ? 0 : (double)HypothesisLength / ReferenceLength):F3} "
        + $"hyp_len = {HypothesisLength} ref_len = {ReferenceLength})");
}
