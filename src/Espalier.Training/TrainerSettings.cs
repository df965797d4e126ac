using Espalier.Engine.Optimizers;
using Espalier.Training.Budgets;

namespace Espalier.Training;

/// <summary>How to train, whatever the objective.</summary>
public sealed record TrainerSettings
{
    /// <summary>When training ends.</summary>
    public required TrainingBudget Budget { get; init; }

    /// <summary>The learning rate.</summary>
    public required LearningRateSchedule Schedule { get; init; }

    /// <summary>β, ε and decay of AdamW.</summary>
    public AdamWConfiguration Optimizer { get; init; } = new();

    /// <summary>Gradients of a larger norm are scaled down to it; 0 for no clipping.</summary>
    public float ClipNorm { get; init; } = 1;

    /// <summary>Seed of dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How often to evaluate; the end is always evaluated.</summary>
    public Interval Evaluation { get; init; } = new();

    /// <summary>When to save.</summary>
    public CheckpointPolicy Checkpoints { get; init; } = new();

    /// <summary>What to do about a divergence.</summary>
    public DivergencePolicy Divergence { get; init; } = new();

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults =
        [
            .. Budget.Validate(), .. Schedule.Validate(), .. Optimizer.Validate(), .. Evaluation.Validate("evaluation"),
            .. Checkpoints.Validate(), .. Divergence.Validate(),
        ];
        if (!(ClipNorm >= 0))
        {
            faults.Add($"clipping at a norm of {ClipNorm}; expected 0 (none) or more");
        }

        return faults;
    }
}

/// <summary>When to save. The start and the end are always saved.</summary>
public sealed record CheckpointPolicy
{
    /// <summary>How often.</summary>
    public Interval Every { get; init; } = new(Time: TimeSpan.FromMinutes(5));

    /// <summary>Parts of the budget, in (0, 1), at which it is saved and the model is kept: for studies of convergence.</summary>
    public IReadOnlyList<double> Fractions { get; init; } = [];

    /// <summary>How many of the newest are kept; at least 2, so that one that is damaged has a
    /// predecessor.</summary>
    public int Keep { get; init; } = 2;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Every.Validate("checkpoint")];
        faults.AddRange(Fractions.Where(f => f is not (> 0 and < 1)).Select(f => $"checkpoint at {f} of the budget; expected between 0 and 1"));
        if (Keep < 2)
        {
            faults.Add($"{Keep} checkpoints are kept; expected 2 or more, so that one that is damaged has a predecessor");
        }

        return faults;
    }
}

/// <summary>What to do when the loss or the gradient is not finite, or the loss explodes.</summary>
public sealed record DivergencePolicy
{
    /// <summary>How often to roll back to the last good checkpoint before giving up.</summary>
    public int MaximumRollbacks { get; init; } = 3;

    /// <summary>What the learning rate is multiplied by each time, in (0, 1).</summary>
    public double RateFactor { get; init; } = 0.5;

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (MaximumRollbacks < 0)
        {
            faults.Add($"at most {MaximumRollbacks} rollbacks; expected 0 or more");
        }

        if (RateFactor is not (> 0 and < 1))
        {
            faults.Add($"the rate is multiplied by {RateFactor} at a rollback; expected between 0 and 1");
        }

        return faults;
    }
}
