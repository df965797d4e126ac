using System.Text.Json.Serialization;
using Espalier.Engine.Autograd;
using Espalier.Text.Batching;

namespace Espalier.Training.Objectives;

/// <summary>
/// What is trained for: a model, its loss, its stream of effective batches and its measure of success. The trainer knows
/// nothing else of the task. <see cref="StreamObjective{TMicro}"/> implements all but loss, FLOPs and evaluation.
/// </summary>
public interface IObjective : IDisposable
{
    /// <summary>The model's parameters, allocated.</summary>
    ParameterSet Parameters { get; }

    /// <summary>Where the next effective batch stands. Together with the parameters, the optimizer and the number of the
    /// micro-batch (<see cref="Tape.Step"/>) it decides everything that follows.</summary>
    BatchPosition Position { get; }

    /// <summary>Passes over the data that lie before <see cref="Position"/>, fractions included.</summary>
    double Epochs { get; }

    /// <summary>Goes elsewhere in the stream.</summary>
    void Seek(BatchPosition position);

    /// <summary>
    /// Runs the next effective batch forward and backward, micro-batch by micro-batch, and leaves the gradient of its mean
    /// loss in <see cref="Parameters"/>. Advances <see cref="Tape.Step"/> by one for each micro-batch.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled between two micro-batches. Gradients are incomplete and
    /// <see cref="Position"/> and <see cref="Tape.Step"/> have moved: the caller puts them back.</exception>
    StepResult Step(Tape tape, CancellationToken cancel);

    /// <summary>Measures the model on data that it is not trained on. Leaves parameters, <see cref="Position"/> and
    /// <see cref="Tape.Step"/> alone.</summary>
    /// <returns>Null when nothing is held out.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    Evaluation? Evaluate(Tape tape, CancellationToken cancel);
}

/// <summary>An effective batch, forward and backward.</summary>
/// <param name="Loss">Mean over its predictions, in nats.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
/// <param name="Flops">Operations that it took.</param>
public readonly record struct StepResult(double Loss, long Tokens, FlopCount Flops);

/// <summary>How well a model does on what it was not trained on.</summary>
/// <param name="Metric">What <paramref name="Value"/> is, for example <c>perplexity</c> or <c>accuracy</c>.</param>
/// <param name="Value">The figure of merit.</param>
/// <param name="Loss">Mean loss over the predictions, in nats.</param>
/// <param name="Predictions">Number of them.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
public sealed record Evaluation(string Metric, double Value, double Loss, long Predictions, long Tokens)
{
    /// <summary>The metric where nothing but the loss is measured: e to the power of it.</summary>
    public const string Perplexity = "perplexity";

    /// <summary>The loss in parts, in the order of the data, where that order is the same for every model: what chance there is in it,
    /// and in a difference between two models. Null where it is not. No log holds it.</summary>
    [JsonIgnore]
    public IReadOnlyList<EvaluationPart>? Parts { get; init; }

    /// <summary>Of how many evaluations' weights the model is the average; null for the weights that are trained.</summary>
    public int? Averaged { get; init; }
}

/// <summary>A part of an evaluation.</summary>
/// <param name="Predictions">Its predictions.</param>
/// <param name="LossSum">Sum of their losses, in nats.</param>
public readonly record struct EvaluationPart(long Predictions, double LossSum);
