using Espalier.Text.Metrics;

namespace Espalier.Pipeline.Reports;

/// <summary>Which classes were taken for which.</summary>
/// <param name="Set">What was classified, such as <c>test</c>.</param>
/// <param name="Labels">The classes in their order.</param>
/// <param name="Counts">For each gold class, how many examples were predicted as each class.</param>
public sealed record ReportConfusion(string Set, IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<long>> Counts)
{
    /// <summary>The same of a confusion matrix.</summary>
    public static ReportConfusion Of(string set, IReadOnlyList<string> labels, ConfusionMatrix matrix)
    {
        int[] classes = [.. Enumerable.Range(0, matrix.Classes)];
        return new ReportConfusion(set, labels, [.. classes.Select(gold => (long[])[.. classes.Select(said => matrix[gold, said])])]);
    }
}

/// <summary>Examples that the package gets wrong.</summary>
/// <param name="Set">What was classified, such as <c>test</c>.</param>
/// <param name="Wrong">How many are wrong.</param>
/// <param name="Examples">How many there are.</param>
/// <param name="Shown">Some of the wrong ones, those first of which the model was surest.</param>
public sealed record ReportMistakes(string Set, long Wrong, long Examples, IReadOnlyList<ReportMistake> Shown);

/// <summary>An example that the package gets wrong.</summary>
/// <param name="Texts">Its text, or its two.</param>
/// <param name="Gold">The class that it has.</param>
/// <param name="Predicted">The class that the model gave it.</param>
/// <param name="Probability">How probable the model found that.</param>
public sealed record ReportMistake(IReadOnlyList<string> Texts, string Gold, string Predicted, double Probability);
