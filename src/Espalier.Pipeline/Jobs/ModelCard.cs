using System.Globalization;
using System.Text;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Reports;

namespace Espalier.Pipeline.Jobs;

/// <summary>The <c>README.md</c> of a package, as model cards are written: a head that machines read, then plain words.</summary>
internal static class ModelCard
{
    public const string FileName = "README.md";

    /// <summary>The card's text.</summary>
    /// <param name="job">The job's record.</param>
    /// <param name="outcome">What was measured.</param>
    /// <param name="plan">Why the size, a sentence each.</param>
    public static string Write(JobRecord job, ReportOutcome outcome, IReadOnlyList<string> plan)
    {
        JobSettings s = job.Settings;
        bool classifier = outcome.Labels != null;
        var text = new StringBuilder();
        Line("---");
        Line($"license: {s.License ?? "unknown"}");
        Line("library_name: espalier");
        Line($"pipeline_tag: {(classifier ? "text-classification" : "fill-mask")}");
        Line("---");
        Line($"# {(classifier ? $"A classifier of text: {string.Join(", ", outcome.Labels!.Take(8))}" : "A pretrained encoder of text")}");
        Line($"{outcome.Layers} layers × {outcome.Hidden}, {outcome.Parameters:N0} parameters, of which {outcome.NonZero:N0} are not zero. "
            + $"Made by `espalier run` {job.Version} on {job.Created:yyyy-MM-dd}.");
        Line();
        Line("| measure | value |");
        Line("|---|---|");
        Row("accuracy, test", outcome.Test is { } t ? $"{100 * t.Accuracy:F2} % of {t.Examples:N0} (macro-F1 {100 * t.MacroF1:F2} %, Matthews {t.Matthews:F3})" : null);
        Row("accuracy, development (chose the model)", outcome.Development is { } d ? $"{100 * d.Accuracy:F2} % of {d.Examples:N0}" : null);
        Row("accuracy before compression, development", outcome.UncompressedAccuracy is { } a ? $"{100 * a:F2} %" : null);
        Row("held-out perplexity", outcome.HeldOutLoss is { } loss ? $"{Math.Exp(loss):F2} ({outcome.UnigramPerplexity:F2} without context)" : null);
        Row("bytes of weights, tokenizer and configuration", $"{outcome.Bytes:N0}");
        Row("bytes before compression", outcome.UncompressedBytes is { } before ? $"{before:N0}" : null);
        Row("latency of one example", outcome.LatencySeconds is { } l ? $"{1e3 * l:F2} ms (median, on the machine that made it)" : null);
        Row("tokens per second in batches", outcome.TokensPerSecond is { } r ? $"{r:N0}" : null);
        Line();
        Line("## Goals and budget");
        Line($"- time: {s.Budget.TotalSeconds:N0} s of wall-clock time, {outcome.Seconds:N0} s when this was written");
        Line($"- size: {(s.Limits.MaxBytes is { } bytes ? $"at most {bytes:N0} bytes" : "no limit")}; "
            + $"latency: {(s.Limits.MaxLatency is { } latency ? $"at most {latency.TotalMilliseconds:G4} ms" : "no limit")}; "
            + $"drop in accuracy: {(s.Limits.MaxDrop is { } drop ? $"at most {100 * drop:G3} points" : "no limit")}");
        foreach (LimitExcess missed in outcome.Missed ?? [])
        {
            Line($"- **not met:** {Words(missed)}");
        }

        Line();
        Line("## Data");
        Line(s.Sample ? "- the embedded sample language: running text, and pairs of sentences with their relation"
            : $"- corpus: {(s.Corpus.Count == 0 ? "the training texts" : string.Join(", ", s.Corpus.Select(Path.GetFileName)))}");
        foreach ((string name, string? file) in new[] { ("training", s.Train), ("development", s.Development), ("test", s.Test) })
        {
            if (file != null)
            {
                Line($"- {name}: {Path.GetFileName(Path.TrimEndingDirectorySeparator(file))}");
            }
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
        Line(classifier ? "```sh\nespalier predict --model . texts.txt\n```" : "```sh\nespalier finetune --from . --train train.tsv --dev dev.tsv --out run\n```");
        if (classifier)
        {
            Line("```csharp\nusing var classifier = TextClassifier.Open(\".\");      // Espalier.Inference\nLabelPrediction said = classifier.Predict(\"…\");\n```");
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

    /// <summary>A limit that is missed, and what would have to give.</summary>
    public static string Words(LimitExcess e) => e.Measure switch
    {
        Measure.Bytes => Text($"the package takes {e.Value / 1e6:F3} MB, {e.Limit / 1e6:F3} MB are allowed: raise --max-size by {(e.Value - e.Limit) / 1e6:F3} MB, or take a smaller --vocabulary"),
        Measure.Latency => Text($"an example takes {1e3 * e.Value:F2} ms, {1e3 * e.Limit:F2} ms are allowed: raise --max-latency by {1e3 * (e.Value - e.Limit):F2} ms"),
        _ => Text($"{100 * e.Value:F2} points of accuracy are lost, {100 * e.Limit:F2} are allowed: raise --max-drop by {100 * (e.Value - e.Limit):F2}, or give more time"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
