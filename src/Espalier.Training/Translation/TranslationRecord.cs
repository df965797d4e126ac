using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Espalier.Text.Bitext;
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
    /// <summary>Which of the pairs in the files are held out; null where the development set has files of its own.</summary>
    public HeldOutPairs? HeldOut { get; init; }

    /// <summary>Seconds of reading, learning the tokenizer and measuring before the first step.</summary>
    public double PreparationSeconds { get; init; }

    /// <summary>Reads the configuration of a run, be it of an earlier version.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="manifest">What its <c>run.json</c> holds.</param>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    public static TranslationRecord Read(string path, RunManifest manifest) => (manifest with { Configuration = WithCorpus(manifest.Configuration) })
        .ConfigurationAs(TranslationJson.Default.TranslationRecord, TranslationRun.Kind, path);

    // The files stood among the settings before they were a corpus of their own.
    private static JsonElement WithCorpus(JsonElement record)
    {
        if (record.ValueKind != JsonValueKind.Object || JsonObject.Create(record)?["configuration"] is not JsonObject settings || settings.ContainsKey("corpus"))
        {
            return record;
        }

        string[] files = ["trainSource", "trainTarget", "developmentSource", "developmentTarget"];
        settings["corpus"] = new JsonObject(files.Where(settings.ContainsKey).Select(name => KeyValuePair.Create(name, settings[name]?.DeepClone())));
        return JsonElement.Parse(settings.Root.ToJsonString());
    }
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
