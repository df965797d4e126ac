using Espalier.Text.Files;

namespace Espalier.Text.Bitext;

/// <summary>
/// The files of a parallel corpus, a sentence a line; line n of a file of translations translates line n of its source.
/// </summary>
public sealed record ParallelCorpus
{
    /// <summary>Sentences to learn from.</summary>
    public required IReadOnlyList<string> TrainSource { get; init; }

    /// <summary>Their translations, as many files.</summary>
    public required IReadOnlyList<string> TrainTarget { get; init; }

    /// <summary>Sentences that models are compared by.</summary>
    public required string DevelopmentSource { get; init; }

    /// <summary>Their translations.</summary>
    public required string DevelopmentTarget { get; init; }

    /// <summary>Sentences that decide nothing; null for none.</summary>
    public string? TestSource { get; init; }

    /// <summary>Their translations.</summary>
    public string? TestTarget { get; init; }

    /// <summary>All files to learn from, of both languages.</summary>
    public IReadOnlyList<string> Train => [.. TrainSource, .. TrainTarget];

    /// <summary>The same, with other paths.</summary>
    public ParallelCorpus With(Func<string, string> path) => new()
    {
        TrainSource = [.. TrainSource.Select(path)],
        TrainTarget = [.. TrainTarget.Select(path)],
        DevelopmentSource = path(DevelopmentSource),
        DevelopmentTarget = path(DevelopmentTarget),
        TestSource = TestSource == null ? null : path(TestSource),
        TestTarget = TestTarget == null ? null : path(TestTarget),
    };

    /// <summary>Everything that is wrong with it, as far as that can be seen without reading it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (TrainSource.Count == 0 || TrainSource.Count != TrainTarget.Count)
            faults.Add($"{TrainSource.Count} files of source sentences and {TrainTarget.Count} of translations; expected one for the other, and at least one of each");
        if ((TestSource == null) != (TestTarget == null))
            faults.Add($"a test set has two files, and its {(TestSource == null ? "source sentences" : "translations")} are not given");
        return faults;
    }

    /// <summary>Reads all files, and says which of them do not go together; empty where all do.</summary>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">A file cannot be read, or is empty.</exception>
    public IReadOnlyList<string> Unequal(CancellationToken cancel = default)
    {
        IEnumerable<(string Source, string Target)> files = TrainSource.Zip(TrainTarget).Append((DevelopmentSource, DevelopmentTarget));
        if (TestSource != null && TestTarget != null)
            files = files.Append((TestSource, TestTarget));
        List<string> faults = [];
        foreach ((string source, string target) in files)
        {
            (long first, long second) = (Lines(source, cancel), Lines(target, cancel));
            if (first != second)
                faults.Add($"{source} has {first:N0} lines and {target} {second:N0}; line n of one must translate line n of the other: name files that belong together");
        }
        return faults;
    }

    private static long Lines(string file, CancellationToken cancel)
    {
        using var reader = new LineReader(file, new TextDefects());
        while (reader.NextLine(out _))
            cancel.ThrowIfCancellationRequested();
        return reader.Line > 0 ? reader.Line : throw new TextException("is empty; expected a sentence a line", file);
    }
}
