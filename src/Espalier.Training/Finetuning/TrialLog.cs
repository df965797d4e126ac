using System.Text.Json;
using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary><c>trials.jsonl</c>: a line for each trial that has ended, on the disk before anything else is done about it.</summary>
internal static class TrialLog
{
    public const string Name = "trials.jsonl";

    /// <summary>Reads it; a last line without its end, as a copy that was cut short has it, is as if it were not there.</summary>
    /// <exception cref="RunDamagedException">Another line is no trial's result.</exception>
    public static IReadOnlyList<TrialResult> Read(string run)
    {
        string path = Path.Join(run, Name);
        List<TrialResult> results = [];
        string[] lines = File.Exists(path) ? File.ReadAllText(path).Split('\n') : [];
        for (int i = 0; i + 1 < lines.Length; i++)
        {
            try
            {
                results.Add(JsonSerializer.Deserialize(lines[i], FinetuningJson.Default.TrialResult) ?? throw new JsonException("it is null"));
            }
            catch (JsonException e)
            {
                throw new RunDamagedException(path, $"line {i + 1} is no trial's result: {e.Message}", e);
            }
        }

        return results;
    }

    /// <summary>Adds a result, whole or not at all: the file is written anew.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public static void Append(RunDirectory run, IReadOnlyList<TrialResult> before, TrialResult result)
    {
        using var content = new MemoryStream();
        foreach (TrialResult each in before.Append(result))
        {
            content.Write(JsonSerializer.SerializeToUtf8Bytes(each, FinetuningJson.Default.TrialResult));
            content.WriteByte((byte)'\n');
        }

        run.Storage.WriteFile(Path.Join(run.Path, Name), content.ToArray());
    }
}
