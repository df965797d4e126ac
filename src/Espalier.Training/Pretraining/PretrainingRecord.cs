using System.Text.Json.Serialization;
using Espalier.Training.MicroBatches;

namespace Espalier.Training.Pretraining;

/// <summary>The configuration of a pretraining run in <c>run.json</c>: what was asked for with every gap filled in, and what
/// was measured to fill them.</summary>
/// <param name="Configuration">The whole resolved configuration.</param>
/// <param name="MicroBatch">The micro-batch, and why.</param>
/// <param name="UnigramPerplexity">The held-out perplexity of a model that ignores context; null when nothing is held out.</param>
public sealed record PretrainingRecord(PretrainingConfiguration Configuration, MicroBatchChoice MicroBatch, double? UnigramPerplexity)
{
    /// <summary>Seconds of reading and measuring before the first step.</summary>
    public double PreparationSeconds { get; init; }

    /// <summary>SHA-256 of the weights that it began from; null where they were new.</summary>
    public string? SourceFingerprint { get; init; }
}

/// <summary>How <see cref="PretrainingRecord"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PretrainingRecord))]
public sealed partial class PretrainingJson : JsonSerializerContext;
