using Espalier.Text.Metrics;
using Espalier.Training.Objectives;

namespace Espalier.Cli.Commands;

/// <summary>How well a classifier does on a set, and where it errs.</summary>
/// <param name="Examples">How many examples there are.</param>
/// <param name="Accuracy">The part that was predicted right.</param>
/// <param name="MacroF1">The plain mean of F1 over the classes.</param>
/// <param name="Matthews">Matthews' correlation.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Labels">The classes.</param>
/// <param name="Confusion">Rows are the classes that examples have, columns those that were predicted.</param>
internal sealed record ClassificationScores(
    long Examples, double Accuracy, double MacroF1, double Matthews, double Loss, IReadOnlyList<string> Labels, long[][] Confusion)
{
    private const int LongestName = 16;

    public static ClassificationScores Of(IReadOnlyList<string> labels, ClassifierResult result)
    {
        ConfusionMatrix m = result.Confusion;
        return new ClassificationScores(m.Total, m.Accuracy, m.MacroF1, m.MatthewsCorrelation, result.Loss, labels, m.Rows);
    }

    public void Write(TextWriter text)
    {
        text.WriteLine($"  accuracy    {100 * Accuracy:F2} % of {Examples:N0}; macro-F1 {100 * MacroF1:F2} %, Matthews {Matthews:F4}, loss {Loss:F4}");
        string[] names = [.. Labels.Select(l => l.Length <= LongestName ? l : l[..(LongestName - 1)] + "…")];
        int width = Math.Max(7, names.Max(n => n.Length) + 1);
        text.WriteLine($"  {"is \\ said".PadRight(width + 3)}{string.Concat(names.Select(n => n.PadLeft(width)))}");
        for (int gold = 0; gold < names.Length; gold++)
            text.WriteLine($"  {names[gold].PadRight(width + 3)}{string.Concat(Confusion[gold].Select(c => $"{c:N0}".PadLeft(width)))}");
    }
}
