using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Pipeline.Reports;
using Espalier.Training;

namespace Espalier.Cli.Commands;

/// <summary>How the results of commands become JSON. What a command has nothing to say of is left out; how something ended is written as
/// in the log of a run.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true,
    Converters = [typeof(CamelCase<TrainingEnd>), typeof(CamelCase<PhaseState>), typeof(CamelCase<ReportState>)], DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
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

/// <summary>Writes the names of an enumeration in camel case.</summary>
internal sealed class CamelCase<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase) where T : struct, Enum;
