using Espalier.Text.Batching;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;

namespace Espalier.Training.Runs;

/// <summary>All that training has to know, beside weights and moments, to go on as if it had never stopped.</summary>
public sealed record TrainingState
{
    /// <summary>Optimizer steps taken.</summary>
    public long Step { get; init; }

    /// <summary>Tokens that passed through the model, also in steps that a rollback made void: they are spent like their time.</summary>
    public long Tokens { get; init; }

    /// <summary>Passes over the data.</summary>
    public double Epochs { get; init; }

    /// <summary>Operations so far, also of steps that a rollback made void.</summary>
    public FlopCount Flops { get; init; }

    /// <summary>Time by phase.</summary>
    public PhaseTimes Times { get; init; }

    /// <summary>Where the next effective batch stands.</summary>
    public BatchPosition Position { get; init; }

    /// <summary>Number of the next micro-batch, from which dropout is drawn.</summary>
    public uint DropoutStep { get; init; }

    /// <summary>What watches over the loss.</summary>
    public DivergenceState Divergence { get; init; } = new();

    /// <summary>What the schedule's rate is multiplied by; less than 1 after a divergence.</summary>
    public double RateScale { get; init; } = 1;

    /// <summary>How often training was rolled back.</summary>
    public int Rollbacks { get; init; }

    /// <summary>What a step takes; null before the first.</summary>
    public StepCost? StepCost { get; init; }

    /// <summary>What was spent when it was evaluated last: one that is due since then is not forgotten over a restart.</summary>
    public TrainingSpent EvaluatedAt { get; init; }

    /// <summary>What was spent when it was saved last.</summary>
    public TrainingSpent SavedAt { get; init; }

    /// <summary>What is used up of the budget.</summary>
    internal TrainingSpent Spent => new(Times.Training, Step, Tokens, Epochs);

    /// <summary>This state, gone back to after a divergence: the steps since are void, what they took is not.</summary>
    internal TrainingState After(TrainingState diverged, PhaseTimes times)
    {
        TrainingState back = this with
        {
            Times = times,
            Tokens = diverged.Tokens,
            Flops = diverged.Flops,
            StepCost = diverged.StepCost,
            RateScale = diverged.RateScale,
            Rollbacks = diverged.Rollbacks,
            EvaluatedAt = EvaluatedAt with { Time = times.Training },
        };
        return back with { SavedAt = back.Spent };
    }
}

/// <summary>Smoothed loss, for noticing that it explodes.</summary>
/// <param name="Average">Exponential moving average, before the correction of its start.</param>
/// <param name="Count">Steps in it.</param>
/// <param name="Best">The lowest it was; null before the first.</param>
public sealed record DivergenceState(double Average = 0, long Count = 0, double? Best = null);
