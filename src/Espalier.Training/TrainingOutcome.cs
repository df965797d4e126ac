using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training;

/// <summary>How training ended.</summary>
public enum TrainingEnd
{
    /// <summary>The budget is used up.</summary>
    Finished,

    /// <summary>The caller had enough after an evaluation (early stopping).</summary>
    Stopped,

    /// <summary>It was cancelled; everything is saved.</summary>
    Interrupted,

    /// <summary>It diverged, and rolling back did not help; the model is that of the last good checkpoint.</summary>
    Diverged,
}

/// <summary>What came of training. The model is in the objective's parameters.</summary>
/// <param name="End">How it ended.</param>
/// <param name="State">What was spent and where it stands.</param>
/// <param name="Evaluation">The last evaluation; null when nothing is held out or training was interrupted.</param>
/// <param name="Timing">Time per step as in the paper; null where there were fewer than two steps.</param>
/// <param name="Message">What there is to say about the end.</param>
public sealed record TrainingOutcome(TrainingEnd End, TrainingState State, Evaluation? Evaluation, StepTiming? Timing, string? Message);

/// <summary>Where training stands.</summary>
/// <param name="Phase">What is being done.</param>
/// <param name="State">What was spent.</param>
/// <param name="Fraction">The part of the budget that is used up.</param>
/// <param name="Loss">Smoothed training loss in nats; NaN before the first step.</param>
/// <param name="StepTime">Time of the step that was just taken; zero between phases.</param>
/// <param name="StepTokens">Its tokens.</param>
/// <param name="StepProductFlops">Its matrix products' operations.</param>
/// <param name="Evaluation">The latest evaluation, or null.</param>
public readonly record struct TrainingProgress(
    TrainingPhase Phase, TrainingState State, double Fraction, double Loss, TimeSpan StepTime, long StepTokens,
    double StepProductFlops, Evaluation? Evaluation)
{
    /// <summary>What did not stop training, and a person should know; null nearly always.</summary>
    public string? Warning { get; init; }

    /// <summary>Training time until the budget is used up, going by the steps so far; null before the first.</summary>
    public TimeSpan? Remaining => Fraction > 0 ? State.Times.Training * ((1 - Fraction) / Fraction) : null;
}
