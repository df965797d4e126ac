using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Pipeline.Reports;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Everything that must be known to go on with a job: <c>job.json</c>.</summary>
public sealed record JobRecord
{
    /// <summary>Name of the file in the job's folder.</summary>
    public const string FileName = "job.json";

    /// <summary>The layout that this code writes and reads.</summary>
    public const int CurrentFormat = 2;

    /// <summary>Version of the layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Version of the software that began it.</summary>
    public required string Version { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>What is asked for.</summary>
    public required JobSettings Settings { get; init; }

    /// <summary>The phases in their order, with their shares of the budget.</summary>
    public required IReadOnlyList<ReportPhase> Phases { get; init; }

    /// <summary>Wall-clock seconds that were spent; those between a stop and a resumption are not in them.</summary>
    public double SpentSeconds { get; init; }

    /// <summary>The training run of the chosen size, from the job's folder; null before the plan.</summary>
    public string? Pretrained { get; init; }

    /// <summary>The folder of the model that becomes the package, from the job's folder; null before the choice.</summary>
    public string? Chosen { get; init; }

    /// <summary>What one must know of the outcome first.</summary>
    public IReadOnlyList<JobNote> Notes { get; init; } = [];

    /// <summary>How often the job had ended and was given more time: what it makes with that lies in folders of its own.</summary>
    public int Extensions { get; init; }

    /// <summary>Each file that it was given, and what could be seen of it then (<see cref="JobReproduction.StampOf"/>).</summary>
    public IReadOnlyDictionary<string, string> Inputs { get; init; } = new Dictionary<string, string>();

    /// <summary>What the job was given at first, and its plan is for; null where it was never given more.</summary>
    public TimeSpan? PlannedBudget { get; init; }

    /// <summary>Seconds for one example of models that turned out slower than when they were made, by their folders from the job's.</summary>
    public IReadOnlyDictionary<string, double> Latencies { get; init; } = new Dictionary<string, double>();

    /// <summary>Whether no phase is left.</summary>
    public bool HasEnded => Phases.All(p => p.State is not (PhaseState.Waiting or PhaseState.Running));

    /// <summary>Writes it, whole or not at all.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed; what stood there is untouched.</exception>
    public void Write(string folder)
    {
        string path = Path.Join(folder, FileName);
        try
        {
            AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, this, JobJson.Default.JobRecord));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(path, e);
        }
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="RunException">There is no job, or one of another version.</exception>
    /// <exception cref="RunDamagedException">The file is no job's.</exception>
    public static JobRecord Read(string folder)
    {
        string path = Path.Join(folder, FileName);
        if (!File.Exists(path))
        {
            throw new RunException(folder, $"there is no job here ({FileName} is missing); name the folder of one, or begin one with --out");
        }

        try
        {
            JobRecord record = JsonSerializer.Deserialize(File.ReadAllBytes(path), JobJson.Default.JobRecord) ?? throw new JsonException("it is null");
            return record.Format != CurrentFormat ? throw new RunException(path, $"has format {record.Format}; expected {CurrentFormat}")
                : record.Phases.Count == Enum.GetValues<JobPhase>().Length ? record
                : throw new JsonException($"it has {record.Phases.Count} phases; expected {Enum.GetValues<JobPhase>().Length}");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new RunDamagedException(path, $"cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>Something that one must know of the outcome first.</summary>
/// <param name="Phase">The phase that found it; when it begins again the note goes.</param>
/// <param name="Sentence">What.</param>
public sealed record JobNote(JobPhase Phase, string Sentence);

/// <summary>How <see cref="JobRecord"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    IgnoreReadOnlyProperties = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(JobRecord))]
internal sealed partial class JobJson : JsonSerializerContext;
