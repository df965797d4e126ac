using System.Diagnostics;
using System.Text.Json.Serialization;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Metrics;

namespace Espalier.Inference;

/// <summary>How well a model translates a test set, and how fast.</summary>
/// <param name="Sentences">Sentences of the set.</param>
/// <param name="Bleu">As sacrebleu computes it on text.</param>
/// <param name="ChrF">chrF2.</param>
/// <param name="Tokens">Tokens of the translations.</param>
/// <param name="Seconds">What translating them took.</param>
/// <param name="Truncated">Sentences that are too long for the model and lost their end.</param>
public sealed record TranslationMeasure(int Sentences, BleuScore Bleu, ChrFScore ChrF, long Tokens, double Seconds, int Truncated)
{
    // So many sentences between two reports of progress: enough for those of like length to find one another.
    private const int Stretch = 256;

    /// <summary>The translations, in the order of the set.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> Translations { get; private init; } = [];

    /// <summary>Translates the sentences of a file and scores them.</summary>
    /// <param name="translator">The model.</param>
    /// <param name="source">Sentences, one a line.</param>
    /// <param name="references">Their translations, line by line.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">A file cannot be read, the files have unequal line counts, or a reference is empty.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TranslationMeasure Of(
        Translator translator, string source, string references, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        IReadOnlyList<string> sources = LineReader.ReadAll(source), targets = LineReader.ReadAll(references);
        if (sources.Count != targets.Count || sources.Count == 0)
        {
            throw new TextException(
                $"has {sources.Count:N0} lines and {references} {targets.Count:N0}; line n of one must translate line n of the other", source);
        }

        return Of(translator, sources, targets, progress, cancel);
    }

    /// <summary>Translates sentences and scores them.</summary>
    /// <param name="translator">The model.</param>
    /// <param name="sources">Sentences, at least one.</param>
    /// <param name="targets">Their translations, as many, none of them empty.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">There is no sentence, not as many translations, or one of them is empty.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static TranslationMeasure Of(
        Translator translator, IReadOnlyList<string> sources, IReadOnlyList<string> targets, IProgress<double>? progress = null,
        CancellationToken cancel = default)
    {
        // Before minutes are spent on translating.
        int blank = targets.ToList().FindIndex(text => text.Length == 0);
        if (sources.Count == 0 || sources.Count != targets.Count || blank >= 0)
        {
            throw new TextException(
                blank >= 0 ? $"the reference of sentence {blank + 1:N0} is empty; leave the sentence out, or give it a translation"
                    : $"{sources.Count:N0} sentences and {targets.Count:N0} references; expected one for each, and at least one");
        }

        List<TextTranslation> translations = [];
        var clock = Stopwatch.StartNew();
        foreach (string[] some in sources.Chunk(Stretch))
        {
            translations.AddRange(translator.Translate(some, cancel));
            progress?.Report((double)translations.Count / sources.Count);
        }

        clock.Stop();
        string[] texts = [.. translations.Select(t => t.Text)];
        return new TranslationMeasure(
            texts.Length, new Bleu().Score(texts, targets), new ChrF().Score(texts, targets), translations.Sum(t => (long)t.Tokens),
            clock.Elapsed.TotalSeconds, translations.Count(t => t.Truncated))
        { Translations = texts };
    }
}
