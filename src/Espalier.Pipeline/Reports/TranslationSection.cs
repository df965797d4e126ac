namespace Espalier.Pipeline.Reports;

/// <summary>How the package translates.</summary>
internal static class TranslationSection
{
    public static void Write(Html html, RunReport report)
    {
        ReportTranslations t = report.Translations!;
        html.Write($"<p>{t.Shown.Count} of the {Figures.Count(t.Sentences)} sentences of the {t.Set} set, taken evenly from the first to the last: the sentence, its reference, and what the package makes of it.</p>\n<ol class=\"mistakes\">\n");
        foreach (ReportTranslation said in t.Shown)
        {
            html.Write($"<li><blockquote dir=\"auto\">{said.Source}</blockquote><blockquote dir=\"auto\">{said.Reference}</blockquote>");
            html.Write($"<p dir=\"auto\"><b>{said.Translation}</b></p></li>\n");
        }

        html.WriteRaw("</ol>\n");
    }
}
