using Espalier.Training.Budgets;

namespace Espalier.Training.Timing;

/// <summary>What a budget comes to on this machine, as far as a short measurement tells before the start.</summary>
/// <param name="Training">Time within steps.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Tokens">Tokens that pass through the model.</param>
/// <param name="Epochs">Passes over the data.</param>
/// <param name="StepSeconds">Measured seconds of a step.</param>
public sealed record TimeEstimate(TimeSpan Training, long Steps, long Tokens, double Epochs, double StepSeconds)
{
    private static readonly TimeSpan LongestMeasurement = TimeSpan.FromSeconds(5), ShortestSearch = TimeSpan.FromSeconds(1), LongestSearch = TimeSpan.FromSeconds(20);

    /// <summary>Time of held-out evaluation, which is no part of the budget.</summary>
    public TimeSpan Evaluation { get; init; }

    /// <summary>How long steps may be timed before the start: a small part of the budget, and never so long that one waits for it.</summary>
    internal TimeSpan TimeToMeasure => Training / 20 is var part && part < LongestMeasurement ? part : LongestMeasurement;

    /// <summary>How long micro-batches may be tried before the start: as small a part, but a second at least.</summary>
    internal TimeSpan TimeToSearch => TimeSpan.FromTicks(Math.Clamp(Training.Ticks / 20, ShortestSearch.Ticks, LongestSearch.Ticks));

    /// <summary>About how long micro-batches and steps are measured before the start, which is no part of the budget: a small part of it,
    /// so far as it is one of time.</summary>
    /// <param name="budget">The time of the budget; null where it has none.</param>
    public static TimeSpan Measuring(TimeSpan? budget)
    {
        var whole = new TimeEstimate(budget ?? TimeSpan.MaxValue, 0, 0, 0, 0);
        return whole.TimeToSearch + whole.TimeToMeasure;
    }

    /// <summary>Works out what remains of a budget.</summary>
    /// <param name="budget">The whole budget.</param>
    /// <param name="spent">What is used up of it.</param>
    /// <param name="stepSeconds">Seconds of a step.</param>
    /// <param name="stepTokens">Tokens of a step.</param>
    /// <param name="stepsPerEpoch">Steps of a pass over the data.</param>
    public static TimeEstimate Of(
        TrainingBudget budget, in TrainingSpent spent, double stepSeconds, double stepTokens, double stepsPerEpoch)
    {
        double steps = double.PositiveInfinity;
        Limit((budget.Time - spent.Time)?.TotalSeconds / stepSeconds);
        Limit(budget.Steps - spent.Steps);
        Limit((budget.Tokens - spent.Tokens) / stepTokens);
        Limit((budget.Epochs - spent.Epochs) * stepsPerEpoch);
        steps = Math.Max(0, Math.Ceiling(steps - 1e-9));
        double seconds = Math.Min(steps * stepSeconds, TimeSpan.MaxValue.TotalSeconds / 2);
        return new TimeEstimate(
            TimeSpan.FromSeconds(seconds), (long)steps, (long)(steps * stepTokens), steps / stepsPerEpoch, stepSeconds);

        void Limit(double? limit) => steps = Math.Min(steps, limit ?? double.PositiveInfinity);
    }
}
