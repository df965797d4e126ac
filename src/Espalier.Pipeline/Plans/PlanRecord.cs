using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Planning.Race;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary><c>plan.json</c>: everything that a plan knows, so that one that is killed goes on where it was.</summary>
internal sealed record PlanRecord
{
    public const string Name = "plan.json";

    public required PlanSettings Settings { get; init; }

    /// <summary>Time that was spent on the plan.</summary>
    public double Seconds { get; init; }

    /// <summary>Which sizes race; null before that is known. Measured anew it would be another one, and sizes that were measured before
    /// an interruption would be compared on other text than those after it.</summary>
    public CandidateChoice? Choice { get; init; }

    /// <summary>The candidates, in the order in which they were made.</summary>
    public IReadOnlyList<PlannedSize> Sizes { get; init; } = [];

    /// <summary>The race; null before it begins.</summary>
    public RaceState? Race { get; init; }

    /// <summary>Whether the race is over.</summary>
    public bool Decided { get; init; }

    /// <summary>Reads the plan of a folder; null where there is none.</summary>
    /// <exception cref="RunDamagedException">It cannot be read.</exception>
    public static PlanRecord? Read(string directory)
    {
        string path = Path.Join(directory, Name);
        if (!File.Exists(path))
            return null;
        try
        {
            PlanRecord record = JsonSerializer.Deserialize(File.ReadAllBytes(path), PlanJson.Default.PlanRecord) ?? throw new JsonException("it is null");
            // Its runs lie beside it, wherever the folder was when it was written.
            return record with
            {
                Sizes = [.. record.Sizes.Select(s => s with { RunDirectory = Path.GetFullPath(Path.Join(directory, Path.GetFileName(s.RunDirectory))) })],
            };
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no plan: {e.Message}; remove the folder, or name another one", e);
        }
    }

    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public void Write(string directory)
    {
        try
        {
            AtomicFile.Write(Path.Join(directory, Name), stream => JsonSerializer.Serialize(stream, this, PlanJson.Default.PlanRecord));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(Path.Join(directory, Name), e);
        }
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true, WriteIndented = true)]
[JsonSerializable(typeof(PlanRecord))]
internal sealed partial class PlanJson : JsonSerializerContext;
