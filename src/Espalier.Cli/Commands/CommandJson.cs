using System.Text.Json.Serialization;

namespace Espalier.Cli.Commands;

/// <summary>How the results of commands become JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(TrainReport))]
internal sealed partial class CommandJson : JsonSerializerContext;
