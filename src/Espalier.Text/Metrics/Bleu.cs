namespace Espalier.Text.Metrics;

/// <summary>What becomes of an n-gram order without a match.</summary>
public enum BleuSmoothing
{
    /// <summary>Nothing: the score is 0 (Moses' multi-bleu).</summary>
    None,

    /// <summary>Its k-th occurrence counts as 1/2^k matches (mteval-v13a, sacrebleu's default).</summary>
    Exponential,
}

/// <summary>
/// BLEU (Papineni et al. 2002): the geometric mean of clipped n-gram precisions, n = 1 … 4, times a brevity penalty. With
/// its default settings the score of the same text equals sacrebleu's (Post 2018); one thing differs when case is ignored:
/// letters are lowered one by one, which Python does not do for a final Σ and for İ.
/// </summary>
public sealed class Bleu : CorpusMetric
{
    private const int MaxOrder = 4;
    // A word's number takes 32 bits, so that four fill a key of 128.
    private const int WordBits = 32;

    /// <summary>How sentences are cut into words.</summary>
    public WordTokenization Tokenization { get; init; } = WordTokenization.Mteval13a;

    /// <summary>Whether case is ignored.</summary>
    public bool Lowercase { get; init; }

    /// <summary>What becomes of an order without a match.</summary>
    public BleuSmoothing Smoothing { get; init; } = BleuSmoothing.Exponential;

    /// <summary>Leave out the orders that no hypothesis is long enough for: meant for single sentences, off for a corpus.</summary>
    public bool EffectiveOrder { get; init; }

    /// <summary>
    /// The metric of the paper: tokenized case-sensitive BLEU with compounds split and no smoothing, as Vaswani et al. (2017)
    /// and those after them report it. See <see cref="CompoundSplitTokenization"/> for the rule.
    /// </summary>
    /// <param name="tokenization">
    /// Cuts the text into words before compounds are split: <see cref="WordTokenization.None"/> for text that was tokenized
    /// already, else a <see cref="MosesTokenization"/>.
    /// </param>
    public static Bleu CompoundSplit(WordTokenization tokenization) =>
        new() { Tokenization = new CompoundSplitTokenization(tokenization), Smoothing = BleuSmoothing.None };

    /// <inheritdoc/>
    public override string Name => "BLEU";

    /// <inheritdoc/>
    protected override string Settings =>
        $"case:{(Lowercase ? "lc" : "mixed")}|eff:{(EffectiveOrder ? "yes" : "no")}|tok:{Tokenization.Name}"
        + $"|smooth:{(Smoothing == BleuSmoothing.None ? "none" : "exp")}";

    /// <summary>Scores a test set.</summary>
    /// <param name="hypotheses">One translation a sentence.</param>
    /// <param name="references">Sets of references; <c>references[r][i]</c> belongs to sentence i; "" stands for none.</param>
    /// <exception cref="TextException">The sets differ in length, or a sentence has no reference.</exception>
    public BleuScore Score(IReadOnlyList<string> hypotheses, params IReadOnlyList<IReadOnlyList<string>> references)
    {
        long[] counts = Sum(CountAll(hypotheses, references, out int? perSentence));
        return Compute(counts, Signature(perSentence));
    }

    // The counts are: words of the hypothesis and of the reference closest in length; then, for each order, matched n-grams; then
    // n-grams.
    internal override long[] Count(string hypothesis, IReadOnlyList<string> references)
    {
        var numbers = new Dictionary<string, int>();
        int[] symbols = Symbols(hypothesis, numbers);
        int[][] others = [.. references.Select(reference => Symbols(reference, numbers))];
        var counts = new long[2 + 2 * MaxOrder];
        counts[0] = symbols.Length;
        counts[1] = others.Select(other => other.Length).MinBy(length => (Math.Abs(length - symbols.Length), length));
        for (int order = 1; order <= MaxOrder; order++)
        {
            var most = new Dictionary<UInt128, int>();
            foreach (int[] reference in others)
            {
                foreach ((UInt128 key, int count) in NGrams.Count(reference, order, WordBits))
                    most[key] = Math.Max(count, most.GetValueOrDefault(key));
            }
            counts[1 + order] = NGrams.Common(NGrams.Count(symbols, order, WordBits), most);
            counts[1 + MaxOrder + order] = Math.Max(0, symbols.Length - order + 1);
        }
        return counts;
    }

    internal override double ScoreOf(ReadOnlySpan<long> counts) => Compute(counts, "").Score;

    internal BleuScore Compute(ReadOnlySpan<long> counts, string signature)
    {
        long length = counts[0], referenceLength = counts[1];
        long[] correct = counts.Slice(2, MaxOrder).ToArray(), total = counts.Slice(2 + MaxOrder, MaxOrder).ToArray();
        var precisions = new double[MaxOrder];
        double penalty = length >= referenceLength ? 1 : length == 0 ? 0 : Math.Exp(1 - (double)referenceLength / length);
        if (correct.All(c => c == 0))
            return new BleuScore(0, correct, total, precisions, penalty, length, referenceLength, signature);

        int orders = EffectiveOrder ? total.Count(t => t > 0) : MaxOrder;
        double halving = 1;
        for (int n = 0; n < MaxOrder && total[n] > 0; n++)
        {
            if (correct[n] > 0)
                precisions[n] = 100.0 * correct[n] / total[n];
            else if (Smoothing == BleuSmoothing.Exponential)
                precisions[n] = 100.0 / ((halving *= 2) * total[n]);
        }
        double score = penalty * Math.Exp(precisions.Take(orders).Sum(Math.Log) / orders);
        return new BleuScore(score, correct, total, precisions, penalty, length, referenceLength, signature);
    }

    private int[] Symbols(string sentence, Dictionary<string, int> numbers)
    {
        string[] words = Tokenization.Words((Lowercase ? sentence.ToLowerInvariant() : sentence).TrimEnd());
        return [.. words.Select(word => numbers.TryGetValue(word, out int number) ? number : numbers[word] = numbers.Count)];
    }
}
