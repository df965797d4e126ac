namespace Espalier.Pipeline.Reports;

/// <summary>What the package gets wrong.</summary>
internal static class MistakeSection
{
    public static void WriteConfusion(Html html, RunReport report)
    {
        ReportConfusion c = report.Confusion!;
        string[] heads = [.. c.Labels.Select(l => $"said {l}"), "recall"];
        string caption = $"Classes of the {c.Set} set, down, against what the package said, across";
        html.Write($"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table class=\"matrix\"><caption><span>{caption}</span></caption><thead><tr><td></td>");
        foreach (string head in heads)
        {
            html.Write($"<th scope=\"col\" class=\"n\">{head}</th>");
        }

        html.WriteRaw("</tr></thead><tbody>\n");
        for (int gold = 0; gold < c.Counts.Count; gold++)
        {
            IReadOnlyList<long> row = c.Counts[gold];
            long total = row.Sum();
            html.Write($"<tr><th scope=\"row\">is {Label(c, gold)}</th>");
            for (int said = 0; said < row.Count; said++)
            {
                double share = total > 0 ? (double)row[said] / total : 0;
                html.Write($"<td class=\"{(said == gold ? "right" : "wrong")}\" style=\"--share:{share:F3}\">{Figures.Count(row[said])}<small>{Figures.Percent(share)}</small></td>");
            }

            html.Write($"<td style=\"--share:0\">{Figures.Percent(total > 0 && gold < row.Count ? (double)row[gold] / total : null)}</td></tr>\n");
        }

        html.WriteRaw("</tbody></table></div>\n<p class=\"quiet\">Shares are of each row: of all examples of a class.</p>\n");
    }

    public static void Write(Html html, RunReport report)
    {
        ReportMistakes m = report.Mistakes!;
        html.Write($"<p>{Figures.Count(m.Wrong)} of {Figures.Count(m.Examples)} examples of the {m.Set} set, {Figures.Percent(m.Examples > 0 ? (double)m.Wrong / m.Examples : null)}. Below are {m.Shown.Count}, those first of which the model was surest.</p>\n<ol class=\"mistakes\">\n");
        foreach (ReportMistake mistake in m.Shown)
        {
            html.WriteRaw("<li>");
            foreach (string text in mistake.Texts)
            {
                html.Write($"<blockquote dir=\"auto\">{text}</blockquote>");
            }

            html.Write($"<p>is <b>{mistake.Gold}</b>, said <b>{mistake.Predicted}</b> with {Figures.Percent(mistake.Probability)}</p></li>\n");
        }

        html.WriteRaw("</ol>\n");
    }

    private static string Label(ReportConfusion c, int label) => label < c.Labels.Count ? c.Labels[label] : $"{label}";
}
