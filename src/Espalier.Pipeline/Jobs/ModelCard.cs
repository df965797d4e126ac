using System.Text;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Reports;
using Espalier.Pipeline.Tasks;
using Espalier.Text.Bitext;

namespace Espalier.Pipeline.Jobs;

/// <summary>The <c>README.md</c> of a package, as model cards are written: a head that machines read, then plain words.</summary>
internal static class ModelCard
{
    public const string FileName = "README.md";

    // So that a card stays a page, and a package its size, whatever files and classes are called and however many there are.
    private const int NamesShown = 3, LabelsShown = 8, LongestName = 60;

    /// <summary>What a package is, in words.</summary>
    /// <param name="outcome">What was measured of it.</param>
    public static string TitleOf(ReportOutcome outcome) => outcome.Labels is { } labels ? $"A classifier of text: {Listed(labels, LabelsShown, "classes")}"
        : outcome.Translates ? "A model that translates" : "A pretrained encoder of text";

    /// <summary>The card's text.</summary>
    /// <param name="job">The job's record.</param>
    /// <param name="outcome">What was measured.</param>
    /// <param name="plan">Why the size, a sentence each.</param>
    public static string Write(JobRecord job, ReportOutcome outcome, IReadOnlyList<string> plan)
    {
        JobSettings s = job.Settings;
        bool classifier = outcome.Labels != null, translator = outcome.Translates;
        var text = new StringBuilder();
        Line("---");
        Line($"license: {Shortened(s.License ?? "unknown")}");
        Line("library_name: espalier");
        Line($"pipeline_tag: {(classifier ? "text-classification" : translator ? "translation" : "fill-mask")}");
        Line("---");
        Line($"# {TitleOf(outcome)}");
        Line($"{(translator ? $"{outcome.Layers} + {outcome.Layers}" : $"{outcome.Layers}")} {(outcome.Layers == 1 && !translator ? "layer" : "layers")} × {outcome.Hidden}, {outcome.Parameters:N0} parameters, of which {outcome.NonZero:N0} are not zero. "
            + $"Made by `espalier run` {job.Version} on {job.Created:yyyy-MM-dd}.");
        Line();
        Line("| measure | value |");
        Line("|---|---|");
        Row("BLEU, test", Shown(outcome.TestTranslation, t => $"{t.Bleu:F2}"));
        Row("chrF, test", Shown(outcome.TestTranslation, t => $"{t.ChrF:F2}"));
        Row("BLEU, development (chose the model)", Shown(outcome.DevelopmentTranslation, t => $"{t.Bleu:F2}"));
        Row("chrF, development", Shown(outcome.DevelopmentTranslation, t => $"{t.ChrF:F2}"));
        Row("BLEU before compression, development", outcome.UncompressedBleu is { } b ? $"{b:F2} (greedy)" : null);
        Row("accuracy, test", outcome.Test is { } t ? $"{100 * t.Accuracy:F2} % of {t.Examples:N0} (macro-F1 {100 * t.MacroF1:F2} %, Matthews {t.Matthews:F3}; {100 * t.Majority:F2} % have the most frequent label)" : null);
        Row("accuracy, development (chose the model)", outcome.Development is { } d ? $"{100 * d.Accuracy:F2} % of {d.Examples:N0}" : null);
        Row("accuracy before compression, development", outcome.UncompressedAccuracy is { } a ? $"{100 * a:F2} %" : null);
        Row("held-out perplexity", outcome.HeldOutLoss is { } loss && !translator ? $"{Math.Exp(loss):F2} ({outcome.UnigramPerplexity:F2} without context)" : null);
        Row("bytes of this folder", $"{outcome.Bytes:N0}");
        Row("bytes before compression", outcome.UncompressedBytes is { } before ? $"{before:N0}" : null);
        Row(translator ? $"latency of one sentence, beam {TranslationTask.BeamInUse}" : "latency of one example", outcome.LatencySeconds is { } l ? $"{1e3 * l:F2} ms (median, on the machine that made it)" : null);
        Row("tokens per second in batches", outcome.TokensPerSecond is { } r ? $"{r:N0}" : null);
        Line();
        Line("## Goals and budget");
        Line($"- time: {s.Budget.TotalSeconds:N0} s of wall-clock time, {outcome.Seconds:N0} s when this was written");
        Line($"- size: {(s.Limits.MaxBytes is { } bytes ? $"at most {bytes:N0} bytes" : "no limit")}; "
            + $"latency: {(s.Limits.MaxLatency is { } latency ? $"at most {latency.TotalMilliseconds:G4} ms{(outcome.LatencySeconds == null ? " (not measured)" : "")}" : "no limit")}; "
            + $"drop in {(translator ? "BLEU" : "accuracy")}: {(s.Limits.MaxDrop is { } drop ? $"at most {100 * drop:G3} points{(outcome.LostByCompression == null ? " (not measured)" : "")}"
                : s.Limits is { MaxBytes: null, MaxLatency: null } && (classifier || translator) ? "half a point, as nothing else is limited" : "no limit")}");
        foreach (LimitExcess missed in outcome.Missed ?? [])
        {
            Line($"- **not met:** {LimitWords.OfJob(missed, translator ? QualityMetric.Bleu : QualityMetric.Accuracy)}");
        }

        Line();
        Line("## Data");
        if (!translator)
        {
            Line(s.Sample ? "- the embedded sample language: running text, and sentences that are right or wrong"
                : $"- corpus: {(s.Corpus.Count == 0 ? "the training texts" : Names(s.Corpus))}");
        }

        ParallelCorpus? pairs = s.Translation;
        foreach ((string name, IReadOnlyList<string?> files) in new (string, IReadOnlyList<string?>)[]
        {
            ("training", [s.Train]), ("development", [s.Development]), ("test", [s.Test]),
            ("training, from", pairs?.TrainSource ?? []), ("training, to", pairs?.TrainTarget ?? []),
            ("development, from and to", [pairs?.DevelopmentSource, pairs?.DevelopmentTarget]), ("test, from and to", [pairs?.TestSource, pairs?.TestTarget]),
        })
        {
            if (files.OfType<string>().ToArray() is { Length: > 0 } given)
            {
                Line($"- {name}: {Names(given)}");
            }
        }

        if (pairs is { DevelopmentSource: null })
        {
            Line("- development: some of the training pairs, held out");
        }

        Line();
        if (plan.Count > 0)
        {
            Line("## Why this size");
            foreach (string sentence in plan.Take(4))
            {
                Line($"- {sentence}");
            }

            Line();
        }

        Line("## Use");
        Line(classifier ? "```sh\nespalier predict --model . texts.txt\n```"
            : translator ? "```sh\nespalier translation translate --model . < sentences.txt\n```" : "```sh\nespalier finetune --from . --train train.tsv --dev dev.tsv --out run\n```");
        if (classifier)
        {
            Line("```csharp\nusing var classifier = TextClassifier.Open(\".\");      // Espalier.Inference\nLabelPrediction said = classifier.Predict(\"…\");\n```");
        }

        if (translator)
        {
            Line("```csharp\nusing var translator = Translator.Open(\".\");      // Espalier.Inference\nstring said = translator.Translate(\"…\");\n```");
        }

        Line("Trained on little data in little time: measure it on your own texts before you rely on it.");
        return text.ToString();

        void Line(string line = "") => text.Append(line).Append('\n');

        void Row(string measure, string? value)
        {
            if (value != null)
            {
                Line($"| {measure} | {value} |");
            }
        }
    }

    private static string? Shown(ReportTranslationScore? score, Func<ReportTranslationScore, string> figure)
        => score == null ? null : $"{figure(score)} ({score.Search}, {score.Sentences:N0} sentences)";

    private static string Names(IReadOnlyList<string> files) => Listed([.. files.Select(NameOf)], NamesShown, "files");

    private static string NameOf(string file) => Path.GetFileName(Path.TrimEndingDirectorySeparator(file));

    private static string Listed(IReadOnlyList<string> names, int shown, string what)
        => string.Join(", ", names.Take(shown).Select(Shortened)) + (names.Count > shown ? $" and more, {names.Count} {what} in all" : "");

    private static string Shortened(string name) => name.Length <= LongestName ? name : name[..(LongestName - 1)] + "…";
}
