using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Training;
using Espalier.Training.Timing;

namespace Espalier.Pipeline.Plans;

/// <summary>What was measured of a candidate.</summary>
/// <param name="Size">Its size.</param>
/// <param name="RunDirectory">Its run.</param>
/// <param name="Parameters">Values of all its parameters.</param>
/// <param name="MemoryBytes">Bytes of training: weights, gradients, moments and activations.</param>
/// <param name="MicroBatchTokens">Tokens that pass through it at once.</param>
/// <param name="LearningRate">Its highest learning rate.</param>
/// <param name="Timing">Its time per step, measured as in the paper in its longest slice of the race; null where it was in none.</param>
public sealed record PlannedSize(
    ModelSize Size, string RunDirectory, long Parameters, long MemoryBytes, int MicroBatchTokens, double LearningRate, StepTiming? Timing);

/// <summary>A plan that was made.</summary>
/// <param name="Plan">The choice, with a forecast for each candidate; its <see cref="SizePlan.Explain"/> puts it in words.</param>
/// <param name="Sizes">What was measured, in the order of <see cref="SizePlan.Candidates"/>.</param>
/// <param name="RunDirectory">The chosen candidate's run, which is simply resumed.</param>
/// <param name="TrainingTime">Its budget of training time from its beginning, set so that planning and it together take the whole.</param>
/// <param name="Elapsed">Time that the plan took, of which the chosen one's own training is not lost.</param>
public sealed record PlanResult(
    SizePlan Plan, IReadOnlyList<PlannedSize> Sizes, string RunDirectory, TimeSpan TrainingTime, TimeSpan Elapsed)
{
    /// <summary>The part of the budget that the plan cost: all that is lost to the chosen one's training.</summary>
    public double CostShare => Plan.LostSeconds / Plan.BudgetSeconds;
}

/// <summary>Where a plan stands.</summary>
/// <param name="Phase">What is being done, in words.</param>
/// <param name="Fraction">The part of the time that planning may take that is used up, 0 to 1.</param>
/// <param name="Training">How the candidate's training goes; null where none trains.</param>
public readonly record struct PlanProgress(string Phase, double Fraction, TrainingProgress? Training)
{
    /// <summary>What is odd, in words; null where nothing is.</summary>
    public string? Warning { get; init; } = Training?.Warning;
}
