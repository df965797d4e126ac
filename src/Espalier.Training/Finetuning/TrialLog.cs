using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary><c>trials.jsonl</c>: a line for each trial that has ended, on the disk before anything else is done about it.</summary>
internal static class TrialLog
{
    public const string Name = "trials.jsonl";

    /// <summary>Reads it; a last line without its end, as a copy that was cut short has it, is as if it were not there.</summary>
    /// <exception cref="RunDamagedException">Another line is no trial's result.</exception>
    public static IReadOnlyList<TrialResult> Read(string run)
        => JsonLines.Read(Path.Join(run, Name), FinetuningJson.Default.TrialResult, "trial's result");

    /// <summary>Adds a result, whole or not at all: the file is written anew.</summary>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public static void Append(RunDirectory run, IReadOnlyList<TrialResult> before, TrialResult result)
        => run.Storage.WriteFile(Path.Join(run.Path, Name), JsonLines.Of(before.Append(result), FinetuningJson.Default.TrialResult));
}
