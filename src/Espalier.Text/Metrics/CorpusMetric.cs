namespace Espalier.Text.Metrics;

/// <summary>
/// A measure of translations against references that is computed from counts which add up over sentences, so that any
/// sub-sample of a test set can be scored from the counts alone (<see cref="PairedBootstrap"/>).
/// </summary>
public abstract class CorpusMetric
{
    /// <summary>What stands in a signature for the program that computed the score.</summary>
    protected static readonly string VersionField = $"version:espalier-{typeof(CorpusMetric).Assembly.GetName().Version!.ToString(3)}";

    /// <summary>The metric's name as it stands before a score, such as <c>BLEU</c> or <c>chrF2</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Says how the score was computed, in sacrebleu's format.</summary>
    /// <param name="references">Number of references a sentence, or null when it varies.</param>
    /// <param name="resampling">What a significance test adds, such as <c>bs:1000|seed:12345</c>.</param>
    public string Signature(int? references, string? resampling = null) =>
        string.Join('|', new[] { $"nrefs:{references?.ToString() ?? "var"}", resampling, Settings, VersionField }.OfType<string>());

    /// <summary>The part of the signature between the number of references and the version.</summary>
    protected abstract string Settings { get; }

    /// <summary>The counts of one sentence.</summary>
    /// <param name="hypothesis">The translation.</param>
    /// <param name="references">One or more translations to compare it with.</param>
    internal abstract long[] Count(string hypothesis, IReadOnlyList<string> references);

    /// <summary>The score, from 0 to 100, of the sentences whose counts add up to <paramref name="counts"/>.</summary>
    internal abstract double ScoreOf(ReadOnlySpan<long> counts);

    /// <summary>The counts of every sentence of a test set.</summary>
    /// <param name="hypotheses">One translation a sentence.</param>
    /// <param name="references">
    /// Sets of references: <c>references[r][i]</c> is reference r of sentence i. An empty string stands for none, as with
    /// sacrebleu, so that sentences may have different numbers of references.
    /// </param>
    /// <param name="perSentence">The number of references a sentence has, or null when it varies.</param>
    /// <exception cref="TextException">The sets differ in length, or a sentence has no reference.</exception>
    internal long[][] CountAll(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, out int? perSentence)
    {
        if (hypotheses.Count == 0 || references.Count == 0)
        {
            throw new TextException($"there is nothing to score: {hypotheses.Count} translations and {references.Count} sets of "
                + "references; at least one of each was expected");
        }
        for (int r = 0; r < references.Count; r++)
        {
            if (references[r].Count == hypotheses.Count)
                continue;
            throw new TextException($"there are {hypotheses.Count} translations but {references[r].Count} references in set {r + 1}; "
                + "line i of one must belong to line i of the other");
        }
        var counts = new long[hypotheses.Count][];
        var numbers = new HashSet<int>();
        for (int i = 0; i < counts.Length; i++)
        {
            string[] present = [.. references.Select(set => set[i]).Where(text => text.Length > 0)];
            if (present.Length == 0)
            {
                throw new TextException($"sentence {i + 1} has only empty references; remove it from the translations and the "
                    + "references, or supply one");
            }
            numbers.Add(present.Length);
            counts[i] = Count(hypotheses[i], present);
        }
        perSentence = numbers.Count == 1 ? numbers.Single() : null;
        return counts;
    }

    /// <summary>Adds the counts of sentences up.</summary>
    internal static long[] Sum(long[][] counts)
    {
        var sum = new long[counts[0].Length];
        foreach (long[] sentence in counts)
            Accumulate(sum, sentence);
        return sum;
    }

    /// <summary>Adds <paramref name="sentence"/> to <paramref name="sum"/>.</summary>
    internal static void Accumulate(long[] sum, long[] sentence)
    {
        for (int i = 0; i < sum.Length; i++)
            sum[i] += sentence[i];
    }
}
