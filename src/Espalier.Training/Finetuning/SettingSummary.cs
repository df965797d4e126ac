namespace Espalier.Training.Finetuning;

/// <summary>The trials of a setting that differ in their seeds alone. Means are over those that did not diverge.</summary>
/// <param name="Batch">Examples of an effective batch.</param>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="Dropout">Dropout.</param>
/// <param name="Trials">How many there are, those that diverged included.</param>
/// <param name="Diverged">How many diverged.</param>
/// <param name="Mean">Mean accuracy on the development set; null where all diverged.</param>
/// <param name="StandardDeviation">Of the accuracies, with n − 1; null of fewer than two.</param>
/// <param name="Best">The highest accuracy; null where all diverged.</param>
public sealed record SettingSummary(
    int Batch, double LearningRate, float Dropout, int Trials, int Diverged, double? Mean, double? StandardDeviation, double? Best)
{
    /// <summary>Sums trials up, best mean first.</summary>
    public static IReadOnlyList<SettingSummary> Of(IEnumerable<TrialResult> trials) =>
    [
        .. trials.GroupBy(t => t.Setting with { Seed = 0 }).Select(group =>
        {
            double[] accuracies = [.. group.Where(t => t.End != TrainingEnd.Diverged).Select(t => t.Best.Accuracy)];
            double? mean = accuracies.Length == 0 ? null : accuracies.Average();
            return new SettingSummary(
                group.Key.Batch, group.Key.LearningRate, group.Key.Dropout, group.Count(), group.Count() - accuracies.Length, mean,
                accuracies.Length < 2 ? null : Math.Sqrt(accuracies.Sum(a => (a - mean!.Value) * (a - mean.Value)) / (accuracies.Length - 1)),
                mean == null ? null : accuracies.Max());
        }).OrderByDescending(s => s.Mean ?? double.NegativeInfinity).ThenByDescending(s => s.Trials),
    ];
}
