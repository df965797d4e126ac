using System.Globalization;
using System.Text;

namespace Espalier.Text.Metrics;

/// <summary>A chrF score.</summary>
/// <param name="Score">From 0 to 100.</param>
/// <param name="Name">The metric with its β, such as <c>chrF2</c>.</param>
/// <param name="Signature">How it was computed.</param>
public sealed record ChrFScore(double Score, string Name, string Signature)
{
    /// <summary>One line in sacrebleu's format, signature included.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}|{Signature} = {Score:F2}");
}

/// <summary>
/// chrF (Popović 2015): the F-score of character n-grams, n = 1 … 6, white space left out. With its default settings, β = 2,
/// it equals sacrebleu's chrF2: precision and recall are averaged over the orders that both sides are long enough for.
/// </summary>
public sealed class ChrF : CorpusMetric
{
    private const int MaxOrder = 6;
    // A code point takes 21 bits, so that six fill 126 of a key's 128.
    private const int RuneBits = 21;

    /// <summary>How many times as important recall is as precision.</summary>
    public int Beta { get; init; } = 2;

    /// <summary>Whether case is ignored.</summary>
    public bool Lowercase { get; init; }

    /// <inheritdoc/>
    public override string Name => $"chrF{Beta}";

    /// <inheritdoc/>
    protected override string Settings => $"case:{(Lowercase ? "lc" : "mixed")}|eff:yes|nc:{MaxOrder}|nw:0|space:no";

    /// <summary>Scores a test set.</summary>
    /// <param name="hypotheses">One translation a sentence.</param>
    /// <param name="references">
    /// Sets of references; <c>references[r][i]</c> belongs to sentence i; "" stands for none. Of several the one that
    /// scores best counts.
    /// </param>
    /// <exception cref="TextException">The sets differ in length, or a sentence has no reference.</exception>
    public ChrFScore Score(IReadOnlyList<string> hypotheses, params IReadOnlyList<IReadOnlyList<string>> references)
    {
        long[] counts = Sum(CountAll(hypotheses, references, out int? perSentence));
        return new ChrFScore(ScoreOf(counts), Name, Signature(perSentence));
    }

    // The counts are, for each order: n-grams of the hypothesis, of the reference, and of both.
    internal override long[] Count(string hypothesis, IReadOnlyList<string> references)
    {
        int[] symbols = Symbols(hypothesis);
        Dictionary<UInt128, int>[] ngrams = [.. Enumerable.Range(1, MaxOrder).Select(order => NGrams.Count(symbols, order, RuneBits))];
        return references.Select(reference => CountAgainst(ngrams, symbols.Length, Symbols(reference))).MaxBy(counts => ScoreOf(counts))!;
    }

    internal override double ScoreOf(ReadOnlySpan<long> counts)
    {
        double precision = 0, recall = 0;
        int orders = 0;
        for (int i = 0; i < counts.Length; i += 3)
        {
            if (counts[i] == 0 || counts[i + 1] == 0)
                continue;
            precision += (double)counts[i + 2] / counts[i];
            recall += (double)counts[i + 2] / counts[i + 1];
            orders++;
        }
        if (precision + recall == 0)
            return 0;
        precision /= orders;
        recall /= orders;
        double weight = Beta * Beta;
        return 100 * (1 + weight) * precision * recall / (weight * precision + recall);
    }

    private static long[] CountAgainst(Dictionary<UInt128, int>[] hypothesis, int length, int[] reference)
    {
        var counts = new long[3 * MaxOrder];
        for (int order = 1; order <= MaxOrder; order++)
        {
            // An order that the reference is too short for counts on neither side.
            int inReference = Math.Max(0, reference.Length - order + 1);
            counts[3 * order - 3] = inReference == 0 ? 0 : Math.Max(0, length - order + 1);
            counts[3 * order - 2] = inReference;
            counts[3 * order - 1] = NGrams.Common(hypothesis[order - 1], NGrams.Count(reference, order, RuneBits));
        }
        return counts;
    }

    private int[] Symbols(string sentence)
    {
        string text = Lowercase ? sentence.ToLowerInvariant() : sentence;
        return [.. text.EnumerateRunes().Where(rune => !Rune.IsWhiteSpace(rune)).Select(rune => rune.Value)];
    }
}
