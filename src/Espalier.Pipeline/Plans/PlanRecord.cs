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
            PlanRecord stored = JsonSerializer.Deserialize(File.ReadAllBytes(path), PlanJson.Default.PlanRecord) ?? throw new JsonException("it is null");
            if (stored.Race is { IsWhole: false })
                throw new JsonException("the state of the race is damaged: it has no budget, or no candidate that still runs");
            return stored.With(file => Path.GetFullPath(file, Path.GetFullPath(directory)));
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no plan: {e.Message}; remove the folder, or name another one", e);
        }
    }

    /// <summary>Writes it, whole or not at all.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public void Write(string directory)
    {
        string path = Path.Join(directory, Name);
        try
        {
            AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, With(file => Near(directory, file)), PlanJson.Default.PlanRecord));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(path, e);
        }
    }

    // What lies in the folder or beside it is moved with it; all else stays where it is.
    private static string Near(string directory, string file)
        => Path.GetRelativePath(directory, file) is var near && near.Split(Path.DirectorySeparatorChar).Count(part => part == "..") <= 1 ? near : Path.GetFullPath(file);

    private PlanRecord With(Func<string, string> path) => this with
    {
        Settings = Settings.With(path),
        Sizes = [.. Sizes.Select(s => s with { RunDirectory = path(s.RunDirectory) })],
    };
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true, WriteIndented = true)]
[JsonSerializable(typeof(PlanRecord))]
internal sealed partial class PlanJson : JsonSerializerContext;
