using System.Text.Json.Serialization;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>The configuration of a translation run in <c>run.json</c>: what was asked for with every gap filled in, and what was
/// found in the data.</summary>
/// <param name="Configuration">The whole resolved configuration.</param>
/// <param name="TrainPairs">Pairs to learn from.</param>
/// <param name="TrainTokens">Their tokens, of both sides, special tokens included.</param>
/// <param name="DevelopmentPairs">Pairs to be measured by.</param>
public sealed record TranslationRecord(TranslationConfiguration Configuration, int TrainPairs, long TrainTokens, int DevelopmentPairs)
{
    /// <summary>Seconds of reading, learning the tokenizer and measuring before the first step.</summary>
    public double PreparationSeconds { get; init; }

    /// <summary>Reads the configuration of a run.</summary>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    internal static TranslationRecord Read(string path, RunManifest manifest)
        => manifest.ConfigurationAs(TranslationJson.Default.TranslationRecord, TranslationRun.Kind, path);
}

/// <summary>How good the model of a run is: <c>best.json</c> beside it.</summary>
/// <param name="Step">Steps after which it was so good; of an average, those of its last part.</param>
/// <param name="Epochs">The same in passes over the data.</param>
/// <param name="Bleu">Of greedy translations of the development set.</param>
/// <param name="Loss">Mean cross-entropy there, in nats.</param>
/// <param name="Averaged">Of how many evaluations' weights it is the average; 1 for none.</param>
public sealed record TranslationBest(long Step, double Epochs, double Bleu, double Loss, int Averaged);

/// <summary>What came of a translation run.</summary>
/// <param name="Training">How training ended and what was spent.</param>
/// <param name="Best">The model that was kept; null where none was measured yet.</param>
public sealed record TranslationOutcome(TrainingOutcome Training, TranslationBest? Best);

/// <summary>How the records of translation become JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TranslationRecord))]
[JsonSerializable(typeof(TranslationBest))]
public sealed partial class TranslationJson : JsonSerializerContext;
