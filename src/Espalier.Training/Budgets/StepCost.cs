namespace Espalier.Training.Budgets;

/// <summary>What a step takes of a budget, smoothed over the last few: schedules look half a step ahead with it.</summary>
/// <param name="Time">Training time.</param>
/// <param name="Tokens">Tokens.</param>
/// <param name="Epochs">Passes over the data.</param>
public readonly record struct StepCost(TimeSpan Time, double Tokens, double Epochs)
{
    private const double Weight = 0.25;

    /// <summary>The cost with one more step in it; the first step counts whole.</summary>
    internal static StepCost After(StepCost? before, StepCost step) => before is not { } b ? step : new StepCost(
        b.Time + (Weight * (step.Time - b.Time)), b.Tokens + (Weight * (step.Tokens - b.Tokens)),
        b.Epochs + (Weight * (step.Epochs - b.Epochs)));
}
