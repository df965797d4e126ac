using System.Text.Json.Serialization;

namespace Espalier.Cli.Commands;

/// <summary>How the results of commands become JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(TrainReport))]
[JsonSerializable(typeof(PrepareReport))]
[JsonSerializable(typeof(InspectReport))]
[JsonSerializable(typeof(SampleReport))]
[JsonSerializable(typeof(PretrainReport))]
[JsonSerializable(typeof(FinetuneReport))]
[JsonSerializable(typeof(EvaluateReport))]
[JsonSerializable(typeof(PlanReport))]
[JsonSerializable(typeof(PredictReport))]
[JsonSerializable(typeof(RunsReport))]
[JsonSerializable(typeof(QuantizeReport))]
[JsonSerializable(typeof(GridReport))]
[JsonSerializable(typeof(RunResult))]
[JsonSerializable(typeof(DrawnReport))]
[JsonSerializable(typeof(DoctorReport))]
[JsonSerializable(typeof(TranslationTrainReport))]
[JsonSerializable(typeof(TranslateReport))]
[JsonSerializable(typeof(ScoreReport))]
internal sealed partial class CommandJson : JsonSerializerContext;
