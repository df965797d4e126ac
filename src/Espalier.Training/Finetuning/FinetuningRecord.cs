using System.Text.Json.Serialization;
using Espalier.Training.Budgets;
using Espalier.Training.MicroBatches;

namespace Espalier.Training.Finetuning;

/// <summary>The configuration of a finetuning run in <c>run.json</c>: what was asked for with every gap filled in, and what
/// was measured.</summary>
/// <param name="Configuration">The whole resolved configuration; its model is the encoder that trials begin from.</param>
/// <param name="Labels">The classes, in order.</param>
/// <param name="TrainExamples">Examples of the training set.</param>
/// <param name="DevelopmentExamples">Examples of the development set.</param>
/// <param name="Truncated">Examples of both that lost their end.</param>
/// <param name="SourceFingerprint">SHA-256 of the weights that trials begin from; null from scratch.</param>
/// <param name="MicroBatch">The micro-batch, and why.</param>
/// <param name="EpochSeconds">Measured seconds of a pass over the training set.</param>
public sealed record FinetuningRecord(
    FinetuningConfiguration Configuration, IReadOnlyList<string> Labels, int TrainExamples, int DevelopmentExamples, int Truncated,
    string? SourceFingerprint, MicroBatchChoice MicroBatch, double EpochSeconds)
{
    /// <summary>Seconds of reading and measuring before the first step.</summary>
    public double PreparationSeconds { get; init; }
}

/// <summary>The configuration of a trial in its own <c>run.json</c>.</summary>
/// <param name="Trial">Its number, from 0.</param>
/// <param name="Setting">What it tries.</param>
/// <param name="Budget">When it ends.</param>
public sealed record TrialRecord(int Trial, TrialSetting Setting, TrainingBudget Budget);

/// <summary>The best model of a trial.</summary>
/// <param name="Step">Steps after which it was so good.</param>
/// <param name="Epochs">The same in passes over the data.</param>
/// <param name="Accuracy">On the development set.</param>
/// <param name="Loss">Mean cross-entropy there, in nats.</param>
public sealed record TrialBest(long Step, double Epochs, double Accuracy, double Loss);

/// <summary>What came of a trial: a line of <c>trials.jsonl</c>.</summary>
/// <param name="Trial">Its number, from 0.</param>
/// <param name="Setting">What it tried.</param>
/// <param name="End">How it ended.</param>
/// <param name="Best">Its best model.</param>
/// <param name="Steps">Steps taken.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
/// <param name="Epochs">Passes over the training set.</param>
/// <param name="TrainingSeconds">Seconds within steps.</param>
/// <param name="EvaluationSeconds">Seconds of evaluation.</param>
/// <param name="SavingSeconds">Seconds of saving.</param>
/// <param name="ProductFlops">FLOPs of the matrix products.</param>
/// <param name="ElectraFlops">FLOPs as ELECTRA's authors count.</param>
/// <param name="Message">What there is to say about the end.</param>
public sealed record TrialResult(
    int Trial, TrialSetting Setting, TrainingEnd End, TrialBest Best, long Steps, long Tokens, double Epochs, double TrainingSeconds,
    double EvaluationSeconds, double SavingSeconds, double ProductFlops, double ElectraFlops, string? Message);

/// <summary>A line of <c>predictions.jsonl</c>.</summary>
/// <param name="Id">The example's number in its set, from 0.</param>
/// <param name="Label">The class that it has.</param>
/// <param name="Prediction">The class that the model says.</param>
/// <param name="Probabilities">One for each class, in the order of the labels.</param>
public sealed record PredictionRecord(int Id, string Label, string Prediction, IReadOnlyList<double> Probabilities);

/// <summary><c>confusion.json</c>.</summary>
/// <param name="Labels">The classes.</param>
/// <param name="Counts">Rows are the classes that examples have, columns those that were predicted.</param>
/// <param name="Accuracy">The part that was predicted right.</param>
/// <param name="MacroF1">The plain mean of F1 over the classes.</param>
/// <param name="Matthews">Matthews' correlation.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
public sealed record ConfusionRecord(
    IReadOnlyList<string> Labels, IReadOnlyList<IReadOnlyList<long>> Counts, double Accuracy, double MacroF1, double Matthews, double Loss);

/// <summary>How the records of finetuning become JSON, one line each.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(FinetuningRecord))]
[JsonSerializable(typeof(TrialRecord))]
[JsonSerializable(typeof(TrialBest))]
[JsonSerializable(typeof(TrialResult))]
[JsonSerializable(typeof(PredictionRecord))]
[JsonSerializable(typeof(ConfusionRecord))]
public sealed partial class FinetuningJson : JsonSerializerContext;
