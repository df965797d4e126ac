using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;

namespace Espalier.Pipeline.Reports;

/// <summary>What came of the run, against what was asked for.</summary>
internal static class OutcomeSection
{
    /// <summary>The whole report in a sentence or two.</summary>
    public static string Lead(RunReport report)
    {
        string state = report.State switch
        {
            ReportState.Interrupted => "The run was interrupted and can be resumed; this is what is known so far. ",
            ReportState.Failed => "The run failed; this is what was reached before. ",
            _ => "",
        };
        if (report.Outcome is not { } o)
        {
            return state + "There is no package yet.";
        }

        string model = $"{o.Layers} {(o.Layers == 1 ? "layer" : "layers")} × {o.Hidden}, {Figures.Short(o.Parameters)} parameters, in {Figures.Bytes(o.Bytes)}";
        ReportScore? score = o.Test ?? o.Development;
        ReportTranslationScore? translated = o.TestTranslation ?? o.DevelopmentTranslation;
        string accuracy = translated != null ? $". It translates {Figures.Count(translated.Sentences)} {(o.TestTranslation != null ? "test sentences" : "development sentences, which chose the model,")} with a BLEU of {Figures.Decimal(translated.Bleu, 2)} and a chrF of {Figures.Decimal(translated.ChrF, 2)}"
            : score == null ? "" : $". It gets {Figures.Percent(score.Accuracy)} of {Figures.Count(score.Examples)} {(o.Test != null ? "test examples right" : "development examples right, which chose the model")}";
        int missed = MissedOf(report, o).Count + (report.IsLate ? 1 : 0);
        bool measured = report.Goals is { Limits: var l } && (l.MaxLatency == null || o.LatencySeconds != null) && (l.MaxDrop == null || o.LostByCompression != null);
        string goals = report.Goals == null ? "" : missed > 0 ? $". {missed} {(missed == 1 ? "goal was" : "goals were")} missed"
            : measured ? "; every goal was met" : "; not every goal could be measured";
        return $"{state}{model}{accuracy}{goals}.";
    }

    public static void Write(Html html, RunReport report)
    {
        foreach (string note in report.Notes ?? [])
        {
            html.Write($"<p class=\"note\" role=\"note\">{note}</p>\n");
        }

        if (report.Outcome is not { } o)
        {
            return;
        }

        IReadOnlyList<LimitExcess> missed = MissedOf(report, o);
        DeploymentLimits? limits = report.Goals?.Limits;
        html.WriteRaw("<dl class=\"figures\" aria-label=\"Outcome\">\n");
        WriteScores(html, o);
        Card(html, "Package on disk", Figures.Bytes, o.Bytes, limits?.MaxBytes, Met(Measure.Bytes),
            o.UncompressedBytes is { } before ? $"{Figures.Bytes(before)} before compression" : "");
        if (o.LatencySeconds is { } latency)
        {
            Card(html, o.Translates ? "Latency, one sentence" : "Latency, one example", Figures.Seconds, latency, limits?.MaxLatency?.TotalSeconds, Met(Measure.Latency),
                Several(
                    o.UncompressedLatencySeconds is { } whole ? $"{Figures.Seconds(whole)} before compression" : "",
                    o.TokensPerSecond is { } rate ? $"{Figures.Short(rate)} tokens/s in batches" : ""));
        }

        if (limits?.MaxDrop is { } drop && o.LostByCompression is { } lost)
        {
            Card(html, "Lost by compression", part => $"{Figures.Decimal(100 * part, 2)}\u00A0points", lost, drop, Met(Measure.Quality), "on the development set");
        }

        Card(html, "Time taken", Figures.Seconds, o.Seconds, report.Goals?.BudgetSeconds, !report.IsLate, "");
        html.WriteRaw("</dl>\n");
        foreach (LimitExcess excess in missed)
        {
            html.Write($"<p class=\"note\" role=\"note\"><span class=\"missed\">Missed:</span> {LimitWords.OfJob(excess, o.Translates ? QualityMetric.Bleu : QualityMetric.Accuracy)}.</p>\n");
        }

        if (report.IsLate)
        {
            html.Write($"<p class=\"note\" role=\"note\"><span class=\"missed\">Missed:</span> it took {Figures.Seconds(o.Seconds)}, {Figures.Seconds(report.Goals!.BudgetSeconds)} were given.</p>\n");
        }

        WriteTable(html, o);
        html.Write($"<p class=\"quiet\">The package is in <code>{o.Package}</code>: {Figures.Count(o.Parameters)} parameters{(o.NonZero is { } left ? $", {Figures.Count(left)} of them not zero" : "")}{(o.Labels is { } labels ? $"; classes {string.Join(", ", labels)}" : "")}.</p>\n");

        bool Met(Measure measure) => missed.All(m => m.Measure != measure);
    }

    private static void WriteScores(Html html, ReportOutcome o)
    {
        if ((o.Test ?? o.Development) is { } score)
        {
            string other = Several(
                o.Test == null ? "it chose the model" : o.Development is { } dev ? $"{Figures.Percent(dev.Accuracy)} on the development set" : "",
                score.Majority is { } majority ? $"{Figures.Percent(majority)} have the most frequent label" : "");
            html.Write($"<div><dt>Accuracy, {(o.Test != null ? "test" : "development")} set</dt><dd><div class=\"value\">{Figures.Percent(score.Accuracy)}</div><div class=\"goal\">{other}</div></dd></div>\n");
        }
        else if ((o.TestTranslation ?? o.DevelopmentTranslation) is { } translated)
        {
            string set = o.TestTranslation != null ? "test" : "development";
            string others = o.TestTranslation == null ? "it chose the model" : o.DevelopmentTranslation is { } dev ? $"{Figures.Decimal(dev.Bleu, 2)} on the development set, {dev.Search}" : "";
            html.Write($"<div><dt>BLEU, {set} set</dt><dd><div class=\"value\">{Figures.Decimal(translated.Bleu, 2)}</div><div class=\"goal\">{Several(translated.Search, others)}</div></dd></div>\n");
            html.Write($"<div><dt>chrF, {set} set</dt><dd><div class=\"value\">{Figures.Decimal(translated.ChrF, 2)}</div><div class=\"goal\">{Figures.Count(translated.Sentences)} sentences</div></dd></div>\n");
        }
        else if (o.HeldOutLoss is { } loss && !o.Translates)
        {
            string count = o.HeldOutPredictions is { } n ? $"on {Figures.Count(n)} predictions" : "";
            string without = o.UnigramPerplexity is { } unigram ? $"{Figures.Decimal(unigram, 1)} without context" : "";
            html.Write($"<div><dt>Held-out perplexity</dt><dd><div class=\"value\">{Figures.Decimal(Math.Exp(loss), 2)}</div><div class=\"goal\">{Several(count, without)}</div></dd></div>\n");
        }
    }

    private static string Several(params string[] parts) => string.Join("; ", parts.Where(part => part.Length > 0));

    private static void Card(Html html, string title, Func<double?, string> show, double amount, double? limit, bool met, string more)
    {
        html.Write($"<div><dt>{title}</dt><dd><div class=\"value\">{show(amount)}</div>");
        if (limit is { } most)
        {
            double part = most > 0 ? Math.Clamp(100 * amount / most, 0, 100) : 100;
            html.Write($"<div class=\"meter{(met ? "" : " over")}\" aria-hidden=\"true\"><i style=\"width:{part:F1}%\"></i></div>");
            html.Write($"<div class=\"goal\"><span class=\"{(met ? "met" : "missed")}\">{(met ? "✓ within" : "✗ more than")}</span> {show(most)}{(more.Length > 0 ? "; " + more : "")}</div>");
        }
        else
        {
            html.Write($"<div class=\"goal\">{more}</div>");
        }

        html.WriteRaw("</dd></div>\n");
    }

    // What the run says, and what the figures say where it is silent: a page must not contradict itself.
    private static IReadOnlyList<LimitExcess> MissedOf(RunReport report, ReportOutcome o)
    {
        List<LimitExcess> missed = [.. o.Missed ?? []];
        Look(Measure.Bytes, report.Goals?.Limits.MaxBytes, o.Bytes);
        Look(Measure.Latency, report.Goals?.Limits.MaxLatency?.TotalSeconds, o.LatencySeconds);
        return missed;

        void Look(Measure measure, double? limit, double? value)
        {
            if (value > limit && missed.All(m => m.Measure != measure))
            {
                missed.Add(new LimitExcess(measure, limit.Value, value.Value));
            }
        }
    }

    private static void WriteTable(Html html, ReportOutcome o)
    {
        List<string[]> translated = [];
        AddTranslated("Test set", o.TestTranslation);
        AddTranslated("Development set", o.DevelopmentTranslation);
        if (o.DevelopmentTranslation != null && o.UncompressedBleu is { } whole)
        {
            translated.Add(["Development set, before compression", Figures.Decimal(whole, 2), Figures.None, "greedy", Figures.None]);
        }

        if (translated.Count > 0)
        {
            html.Table(["Translated", "#BLEU", "#chrF", "Search", "#Sentences"], translated, "How good the package is");
            ReportTranslationScore any = (o.TestTranslation ?? o.DevelopmentTranslation)!;
            html.Write($"<p class=\"quiet\">BLEU|{any.BleuSignature}; chrF2|{any.ChrFSignature}</p>\n");
        }

        List<string[]> rows = [];
        Add("Test set", o.Test);
        Add("Development set", o.Development);
        if (o.UncompressedAccuracy is { } full)
        {
            rows.Add(["Development set, before compression", Figures.Percent(full), Figures.None, Figures.None, Figures.None, Figures.None]);
        }

        if (rows.Count > 0)
        {
            html.Table(["Classified", "#Accuracy", "#Macro F1", "#Matthews", "#Loss, nats", "#Examples"], rows, "How good the package is");
        }

        void AddTranslated(string name, ReportTranslationScore? s)
        {
            if (s != null)
            {
                translated.Add([name, Figures.Decimal(s.Bleu, 2), Figures.Decimal(s.ChrF, 2), s.Search, Figures.Count(s.Sentences)]);
            }
        }

        void Add(string name, ReportScore? s)
        {
            if (s != null)
            {
                rows.Add([name, Figures.Percent(s.Accuracy), Figures.Percent(s.MacroF1), Figures.Decimal(s.Matthews, 4), Figures.Decimal(s.Loss, 4), Figures.Count(s.Examples)]);
            }
        }
    }
}
