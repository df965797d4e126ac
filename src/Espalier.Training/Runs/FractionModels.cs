using System.Globalization;
using System.Text.Json;
using Espalier.Training.Budgets;

namespace Espalier.Training.Runs;

/// <summary>
/// The models that a run keeps at parts of its budget, for studies of convergence: each a folder <c>fractions/0.5/</c> in Hugging
/// Face's layout, with <c>fraction.json</c>. A part is one of the budget that the run had then: a run that is given another budget
/// comes to it anew, and replaces the model.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="budget">Its budget.</param>
/// <param name="write">Writes the model as it is now into the folder that it is given.</param>
public sealed class FractionModels(RunDirectory run, TrainingBudget budget, Action<string> write)
{
    /// <summary>Name of the folder within the run.</summary>
    public const string FolderName = "fractions";

    private const string RecordName = "fraction.json";

    // It is asked for at every step.
    private readonly HashSet<double> _known = [];

    /// <summary>Whether the model at a part of this budget is there.</summary>
    public bool Has(double fraction)
        => _known.Contains(fraction) || (Read(Path.Join(run.Path, NameOf(fraction)))?.Budget == budget && _known.Add(fraction));

    /// <summary>Keeps the model as it is now; one that is there is replaced.</summary>
    /// <param name="fraction">The part of the budget.</param>
    /// <param name="spent">What was spent.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; a model that stood there is what it was.</exception>
    public void Keep(double fraction, TrainingSpent spent) => run.WriteFolder(NameOf(fraction), folder =>
    {
        write(folder);
        var record = new FractionRecord(fraction, budget, spent);
        RunStorage.WriteThrough(
            Path.Join(folder, RecordName), new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(record, RunJson.Default.FractionRecord)));
    });

    /// <summary>The folder of the model at a part of a run's budget.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="fraction">The part.</param>
    /// <param name="budget">The run's budget.</param>
    /// <exception cref="RunException">There is none, or it is one of another budget; the message says what to do.</exception>
    internal static string Find(string path, double fraction, TrainingBudget budget)
    {
        string folder = Path.Join(path, NameOf(fraction));
        if (Read(folder) is not { } record)
        {
            string[] others = Directory.Exists(Path.Join(path, FolderName))
                ? [.. Directory.EnumerateDirectories(Path.Join(path, FolderName)).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)] : [];
            throw new RunException(path, $"has kept no model at {Text(fraction)} of its budget; "
                + (others.Length > 0 ? $"there is {string.Join(", ", others)}" : "pretrain keeps those that --checkpoint-at names"));
        }

        return record.Budget == budget ? folder : throw new RunException(
            path, $"was given another budget since it kept the model at {Text(fraction)} of the one before, at step {record.Spent.Steps}; the run "
            + $"keeps it anew if training comes to that part of the new budget; name {folder} if it is the model of then that you want");
    }

    private static string NameOf(double fraction) => Path.Join(FolderName, Text(fraction));

    private static string Text(double fraction) => fraction.ToString(CultureInfo.InvariantCulture);

    private static FractionRecord? Read(string folder)
    {
        string path = Path.Join(folder, RecordName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), RunJson.Default.FractionRecord) : null;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new RunDamagedException(path, $"cannot be read: {e.Message}; remove {folder}", e);
        }
    }
}

/// <summary><c>fraction.json</c>: what the model beside it is.</summary>
/// <param name="Fraction">The part of the budget at which it was kept.</param>
/// <param name="Budget">The budget.</param>
/// <param name="Spent">What was spent.</param>
internal sealed record FractionRecord(double Fraction, TrainingBudget Budget, TrainingSpent Spent);
