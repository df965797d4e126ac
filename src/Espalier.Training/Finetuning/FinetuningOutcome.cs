using Espalier.Training.Budgets;
using Espalier.Training.Objectives;

namespace Espalier.Training.Finetuning;

/// <summary>What came of finetuning.</summary>
/// <param name="End"><see cref="TrainingEnd.Finished"/>, <see cref="TrainingEnd.Interrupted"/>, or
/// <see cref="TrainingEnd.Diverged"/> where every trial did.</param>
/// <param name="Trials">Trials that have ended.</param>
/// <param name="Settings">The same by setting, the best mean first.</param>
/// <param name="Best">The trial whose model is kept; null when none has ended.</param>
/// <param name="Grid">Trials of the whole grid; more than those that ended when the time was up.</param>
/// <param name="Predictions">What the best model makes of the development set; null when it was interrupted.</param>
/// <param name="Times">What this process spent beside its trials: on keeping the best model, and on predicting with it.</param>
public sealed record FinetuningOutcome(
    TrainingEnd End, IReadOnlyList<TrialResult> Trials, IReadOnlyList<SettingSummary> Settings, TrialResult? Best, int Grid,
    ClassifierResult? Predictions, PhaseTimes Times)
{
    /// <summary>The trial with the highest accuracy, of equal ones the first; one that diverged only where all did.</summary>
    public static TrialResult? BestOf(IReadOnlyList<TrialResult> trials)
        => trials.Where(t => t.End != TrainingEnd.Diverged).MaxBy(t => t.Best.Accuracy) ?? trials.MaxBy(t => t.Best.Accuracy);
}
