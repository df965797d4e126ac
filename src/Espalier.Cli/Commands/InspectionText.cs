using Espalier.Text.Inspection;

namespace Espalier.Cli.Commands;

/// <summary>Inspection reports for a person's eyes.</summary>
internal static class InspectionText
{
    public static void Write(IEnumerable<InspectionReport> reports, TextWriter text)
    {
        foreach (InspectionReport report in reports)
        {
            text.WriteLine(report.Name);
            text.WriteLine($"  {report.Kind}, {report.Layout}");
            text.WriteLine($"  count     {report.Count:N0}");
            foreach (LengthSummary length in report.Lengths)
                text.WriteLine($"  {length.Unit,-9} {length.Of}: {length.Total:N0}; mean {length.Mean:N1}, shortest {length.Min:N0}, "
                    + $"median {length.P50:N0}, 90 % {length.P90:N0}, 99 % {length.P99:N0}, longest {length.Max:N0}");
            foreach (LabelCount label in report.Labels ?? [])
                text.WriteLine($"  label     {label.Label}: {label.Count:N0} ({label.Share:P1})");
            if (report.Truncation is { } truncation)
                text.WriteLine($"  at {truncation.MaxLength,-6} {truncation.Count:N0} ({truncation.Share:P2}) {truncation.Consequence}");
            foreach (Sample sample in report.Samples)
                text.WriteLine($"  sample    {sample.Index:N0}: {OneLine(sample.Text)}{(sample.Label is null ? "" : " → " + OneLine(sample.Label))}");
            text.WriteLine();
        }
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ⏎ ");
}
