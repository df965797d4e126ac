namespace Espalier.Training.Runs;

/// <summary><c>state.json</c> of a checkpoint.</summary>
internal sealed record CheckpointRecord
{
    public const int CurrentFormat = 1;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>All that is no tensor.</summary>
    public required TrainingState State { get; init; }

    /// <summary>Bytes of <c>events.jsonl</c> that belong to it.</summary>
    public long EventBytes { get; init; }

    /// <summary>The other files, by name: a checkpoint cut short is noticed by them.</summary>
    public required IReadOnlyDictionary<string, FileRecord> Files { get; init; }
}

/// <summary>What a file must be.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Of its bytes, in lower-case hex.</param>
internal sealed record FileRecord(long Bytes, string Sha256);
