using System.Text;
using Espalier.Text.Batching;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Text.Bitext;

/// <summary>A parallel set as token ids of one joint vocabulary, without special tokens, in the order of the files.</summary>
public sealed class EncodedPairs
{
    private EncodedPairs(
        TokenSequences sources, TokenSequences targets, IReadOnlyList<(string Source, string Target)> texts, SpecialTokens special,
        IReadOnlyList<Warning> warnings)
    {
        Sources = sources;
        Targets = targets;
        Texts = texts;
        Special = special;
        Warnings = warnings;
    }

    /// <summary>The source sides.</summary>
    public TokenSequences Sources { get; }

    /// <summary>The target sides.</summary>
    public TokenSequences Targets { get; }

    /// <summary>The texts of the pairs, cleaned, for metrics of text; empty unless they were asked for.</summary>
    public IReadOnlyList<(string Source, string Target)> Texts { get; }

    /// <summary>What was left out and what was odd.</summary>
    public IReadOnlyList<Warning> Warnings { get; }

    internal SpecialTokens Special { get; }

    /// <summary>Some of the pairs, spread evenly over the set; all of them where there are no more.</summary>
    public EncodedPairs Spread(int count)
    {
        if (count >= Sources.Count)
            return this;
        TokenSequences sources = new(), targets = new();
        List<(string, string)> texts = [];
        foreach (int pair in Enumerable.Range(0, count).Select(i => (int)((long)i * Sources.Count / count)))
        {
            sources.Add(Sources[pair]);
            targets.Add(Targets[pair]);
            if (Texts.Count > 0)
                texts.Add(Texts[pair]);
        }
        return new EncodedPairs(sources, targets, texts, Special, Warnings);
    }

    /// <inheritdoc cref="Encode(IReadOnlyList{ParallelSetOptions}, Tokenizer, int, bool, IProgress{double}?, Func{long, string, bool}?, CancellationToken)"/>
    public static EncodedPairs Encode(
        ParallelSetOptions options, Tokenizer tokenizer, int maxLength, bool keepTexts = false, IProgress<double>? progress = null,
        CancellationToken cancel = default) =>
        Encode([options], tokenizer, maxLength, keepTexts, progress, takes: null, cancel);

    /// <summary>Encodes parallel sets, one behind the other.</summary>
    /// <param name="sets">Where they stand and what of them to leave out.</param>
    /// <param name="tokenizer">Encodes both sides.</param>
    /// <param name="maxLength">A pair of which a side, with its special token, has more tokens than this is left out: half a translation teaches nothing good.</param>
    /// <param name="keepTexts">Keep the texts too: a token that stands for no text would be missing in what is decoded.</param>
    /// <param name="progress">Told the part that is done, from 0 to 1.</param>
    /// <param name="takes">Which pairs to take, by their number in all sets, counted from 0, and the text of their source; null takes all.</param>
    /// <param name="cancel">Stops the work.</param>
    /// <exception cref="TextException">A file cannot be read or is wrong, the line counts differ, or no pair is left.</exception>
    public static EncodedPairs Encode(
        IReadOnlyList<ParallelSetOptions> sets, Tokenizer tokenizer, int maxLength, bool keepTexts = false,
        IProgress<double>? progress = null, Func<long, string, bool>? takes = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        ArgumentOutOfRangeException.ThrowIfZero(sets.Count);
        var blank = new Tally("pairs left out because a side is nothing but white space");
        var tooLong = new Tally($"pairs left out because a side has more than {maxLength} tokens");
        TokenSequences sources = new(), targets = new();
        List<(string, string)> texts = [];
        List<Warning> warnings = [];
        double bytes = sets.Where(set => File.Exists(set.Source)).Sum(set => (double)new FileInfo(set.Source).Length);
        (double before, long pairs) = (0, 0);
        foreach (ParallelSetOptions set in sets)
        {
            using var reader = new ParallelReader(set);
            while (reader.Next())
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report((before + reader.BytesConsumed) / bytes);
                (string Source, string Target) text = (Sentence.Clean(Encoding.UTF8.GetString(reader.Source)), Sentence.Clean(Encoding.UTF8.GetString(reader.Target)));
                if (takes?.Invoke(pairs + reader.Pairs - 1, text.Source) == false)
                    continue;
                int[] source = Sentence.Encode(tokenizer, text.Source), target = Sentence.Encode(tokenizer, text.Target);
                if (source.Length == 0 || target.Length == 0)
                {
                    blank.Add(set.Source, reader.Line);
                    continue;
                }
                if (Math.Max(source.Length, target.Length) + 1 > maxLength)
                {
                    tooLong.Add(set.Source, reader.Line);
                    continue;
                }
                sources.Add(source);
                targets.Add(target);
                if (keepTexts)
                    texts.Add(text);
            }
            (before, pairs) = (before + reader.BytesConsumed, pairs + reader.Pairs);
            warnings.AddRange(reader.Warnings);
        }
        warnings.AddRange(Tally.Warnings(blank, tooLong));
        return sources.Count > 0
            ? new EncodedPairs(sources, targets, texts, tokenizer.Special, warnings)
            : throw new TextException($"none of its {pairs:N0} pairs {(takes == null ? "" : "that could be taken ")}passed the filters: {string.Join("; ", warnings)}", sets[0].Source);
    }
}
