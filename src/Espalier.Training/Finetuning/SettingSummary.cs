namespace Espalier.Training.Finetuning;

/// <summary>The trials of a setting that differ in their seeds alone.</summary>
/// <param name="Batch">Examples of an effective batch.</param>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="Dropout">Dropout.</param>
/// <param name="Trials">How many there are.</param>
/// <param name="Mean">Mean accuracy on the development set.</param>
/// <param name="StandardDeviation">Of the accuracies, with n − 1; null of a single one.</param>
/// <param name="Best">The highest accuracy.</param>
public sealed record SettingSummary(
    int Batch, double LearningRate, float Dropout, int Trials, double Mean, double? StandardDeviation, double Best)
{
    /// <summary>Sums trials up, best mean first.</summary>
    public static IReadOnlyList<SettingSummary> Of(IEnumerable<TrialResult> trials) =>
    [
        .. trials.GroupBy(t => t.Setting with { Seed = 0 }).Select(group =>
        {
            double[] accuracies = [.. group.Select(t => t.Best.Accuracy)];
            double mean = accuracies.Average();
            return new SettingSummary(
                group.Key.Batch, group.Key.LearningRate, group.Key.Dropout, accuracies.Length, mean,
                accuracies.Length < 2 ? null : Math.Sqrt(accuracies.Sum(a => (a - mean) * (a - mean)) / (accuracies.Length - 1)),
                accuracies.Max());
        }).OrderByDescending(s => s.Mean).ThenByDescending(s => s.Trials),
    ];
}
