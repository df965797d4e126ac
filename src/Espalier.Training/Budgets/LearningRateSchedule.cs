namespace Espalier.Training.Budgets;

/// <summary>How the learning rate falls after warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>In a straight line to zero at the end of the budget (the paper's masked LM and finetuning).</summary>
    Linear,

    /// <summary>Along half a cosine to zero at the end of the budget (Loshchilov and Hutter 2017, eq. 5, one cycle).</summary>
    Cosine,

    /// <summary>With the inverse square root of progress (Vaswani et al. 2017, eq. 3; the paper's translation).</summary>
    InverseSquareRoot,

    /// <summary>Not at all.</summary>
    Constant,
}

/// <summary>
/// The learning rate as a function of how much of the budget is used up, so that a budget of time ends at the end of its
/// decay, however fast the machine is. Warm-up is linear, over a part of the budget or a number of steps.
/// </summary>
public sealed record LearningRateSchedule
{
    /// <summary>The highest rate, reached at the end of warm-up.</summary>
    public required double Peak { get; init; }

    /// <summary>What follows the warm-up.</summary>
    public LearningRateDecay Decay { get; init; }

    /// <summary>Part of the budget over which the rate rises, in [0, 1); 6 % as RoBERTa has it for its longest runs.</summary>
    public double WarmupFraction { get; init; } = 0.06;

    /// <summary>Steps over which the rate rises, instead of <see cref="WarmupFraction"/>.</summary>
    public long? WarmupSteps { get; init; }

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Peak is not (> 0 and < double.PositiveInfinity))
        {
            faults.Add($"learning rate {Peak}; expected more than 0");
        }

        if (!Enum.IsDefined(Decay))
        {
            faults.Add($"learning-rate schedule {Decay}; expected one of {string.Join(", ", Enum.GetNames<LearningRateDecay>())}");
        }

        if (WarmupFraction is not (>= 0 and < 1))
        {
            faults.Add($"warm-up over {WarmupFraction} of the budget; expected 0 or more and less than 1");
        }

        if (WarmupSteps < 0)
        {
            faults.Add($"warm-up over {WarmupSteps} steps; expected 0 or more");
        }

        if (Decay == LearningRateDecay.InverseSquareRoot && WarmupSteps is null or 0 && WarmupFraction == 0)
        {
            faults.Add("an inverse-square-root schedule needs a warm-up, from whose end it falls");
        }

        return faults;
    }

    /// <summary>The rate of a step.</summary>
    /// <param name="fraction">The part of the budget used up at the middle of the step, from 0 to 1.</param>
    /// <param name="step">Steps taken before it.</param>
    public double Rate(double fraction, long step)
    {
        // Progress in units of the warm-up: 1 where it ends.
        bool bySteps = WarmupSteps != null;
        double warmup = bySteps ? WarmupSteps!.Value : WarmupFraction;
        double progress = warmup == 0 ? double.PositiveInfinity : (bySteps ? step + 1 : fraction) / warmup;
        // Where steps of warm-up end in a budget of time follows from how far the steps so far have come.
        double warm = bySteps ? fraction * Math.Min(1, warmup / (step + 0.5)) : warmup;
        double decaying = warm < 1 ? Math.Max(0, fraction - warm) / (1 - warm) : 0;
        return Peak * Math.Min(1, progress) * Decay switch
        {
            LearningRateDecay.Linear => 1 - decaying,
            LearningRateDecay.Cosine => (1 + Math.Cos(Math.PI * decaying)) / 2,
            LearningRateDecay.InverseSquareRoot => 1 / Math.Sqrt(Math.Max(1, progress)),
            _ => 1,
        };
    }
}
