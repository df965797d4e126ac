using Espalier.Planning.Curves;
using Espalier.Planning.Sizes;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>
/// A task in fairseq's sense: data with the kind of model that learns from it, and the objective. A plan and a job ask it for runs of a
/// size, and go on with these without knowing what they learn.
/// </summary>
internal abstract class TrainingTask
{
    /// <summary>The task of a plan.</summary>
    public static TrainingTask Of(PlanSettings settings)
        => settings.Translation == null ? new PretrainingTask(settings) : new TranslationTrainingTask(settings, settings.Translation);

    /// <summary>The rate of plain matrix products here, in FLOP/s; null where it is not measured yet, and every run measures it.</summary>
    public double? PeakFlops { get; set; }

    /// <summary>The metric of evaluations when a run is trained to its end.</summary>
    public abstract string Metric { get; }

    /// <summary>What the final decay of the learning rate is known to bring.</summary>
    public abstract DecayGain Gain { get; }

    /// <summary>How losses are known to fall.</summary>
    public abstract UsualFall Usual { get; }

    /// <summary>Seconds of an example by itself where the model is used, as a multiple of its part of a training step, forward only.</summary>
    public abstract double Latency { get; }

    /// <summary>Makes ready what all sizes need.</summary>
    /// <param name="tell">Told what is being done.</param>
    /// <param name="cancel">Stops it.</param>
    public abstract void Prepare(Action<string> tell, CancellationToken cancel);

    /// <summary>What is trained on.</summary>
    /// <exception cref="RunException">Nothing is held out.</exception>
    /// <exception cref="Text.TextException">The data cannot be read.</exception>
    public abstract Workload Describe(CancellationToken cancel);

    /// <summary>What was left out of the data and what is odd in it, as far as nobody was told when it was prepared.</summary>
    /// <param name="cancel">Stops reading it.</param>
    public virtual IReadOnlyList<string> Warnings(CancellationToken cancel) => [];

    /// <summary>Sequences of an evaluation that may have about so many tokens.</summary>
    public abstract int HeldOut(double tokens);

    /// <summary>Makes the run of a size.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="size">The size.</param>
    /// <param name="heldOut">Sequences of an evaluation.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    public abstract ITrainingRun Create(string path, ModelSize size, int heldOut, CancellationToken cancel);

    /// <summary>Goes on with a run.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent; null keeps it.</param>
    /// <param name="cancel">Stops; nothing was changed.</param>
    public abstract ITrainingRun Resume(string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget, CancellationToken cancel);

    /// <summary>How a run that is not open is trained.</summary>
    public abstract TrainerSettings SettingsOf(string path);

    /// <summary>Gives a run that is not open another budget.</summary>
    public abstract void Rebudget(string path, Func<TrainingBudget, TrainingBudget> budget);

    /// <summary>What a step of a run takes, measured on it or when it was made.</summary>
    public abstract MeasuredStep Measure(ITrainingRun run, CancellationToken cancel);

    /// <summary>Held-out loss of a model that ignores context, in nats; 0 where it is not known.</summary>
    public abstract double ContextFreeLoss(ITrainingRun run);
}

/// <summary>What a training step takes.</summary>
/// <param name="Seconds">Seconds of it.</param>
/// <param name="MemoryBytes">Bytes of weights, gradients, moments and activations.</param>
/// <param name="MicroBatchTokens">Tokens that pass through the model at once.</param>
internal readonly record struct MeasuredStep(double Seconds, long MemoryBytes, int MicroBatchTokens);
