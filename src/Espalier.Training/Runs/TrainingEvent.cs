using Espalier.Training.Objectives;
using Espalier.Training.Timing;

namespace Espalier.Training.Runs;

/// <summary>
/// A line of <c>events.jsonl</c>. Kinds: <c>started</c>, <c>resumed</c>, <c>step</c> (means over the steps since the last such
/// line), <c>evaluation</c>, <c>timing</c>, <c>peak</c> (matrix products turned out faster than was known), <c>checkpoint</c>, <c>rolled-back</c> (steps, evaluations and
/// checkpoints between its <see cref="Step"/> and it in the log are void), <c>suspended</c> (the process was
/// stopped, or asleep), <c>warning</c>, and at the end <c>finished</c>, <c>stopped</c>,
/// <c>interrupted</c> or <c>diverged</c>.
/// </summary>
public sealed record TrainingEvent
{
    /// <summary>The kind.</summary>
    public required string Event { get; init; }

    /// <summary>When it was written, by the machine's clock.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>Steps taken.</summary>
    public long Step { get; init; }

    /// <summary>Tokens that passed through the model.</summary>
    public long Tokens { get; init; }

    /// <summary>Passes over the data.</summary>
    public double Epochs { get; init; }

    /// <summary>Seconds of training, without evaluation, saving and downtime.</summary>
    public double Elapsed { get; init; }

    /// <summary>Seconds of held-out evaluation.</summary>
    public double EvaluationSeconds { get; init; }

    /// <summary>Seconds of saving.</summary>
    public double SavingSeconds { get; init; }

    /// <summary>FLOPs of the matrix products so far.</summary>
    public double ProductFlops { get; init; }

    /// <summary>FLOPs so far as ELECTRA's authors count.</summary>
    public double ElectraFlops { get; init; }

    /// <summary>Mean training loss in nats.</summary>
    public double? Loss { get; init; }

    /// <summary>Mean Euclidean norm of the gradient before clipping.</summary>
    public double? GradientNorm { get; init; }

    /// <summary>Learning rate of the last step.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Tokens per second of training.</summary>
    public double? TokensPerSecond { get; init; }

    /// <summary>The result of an evaluation.</summary>
    public Evaluation? Evaluation { get; init; }

    /// <summary>Step timing as in the paper.</summary>
    public StepTiming? Timing { get; init; }

    /// <summary>The machine's rate of plain matrix products, in FLOP/s: as it was measured before this start or resumption, or since then
    /// where that was higher.</summary>
    public double? PeakFlops { get; init; }

    /// <summary>What happened, in words.</summary>
    public string? Message { get; init; }
}
