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

    /// <summary>Sentences that models are compared by; null holds out some of those to learn from.</summary>
    public string? DevelopmentSource { get; init; }

    /// <summary>Their translations.</summary>
    public string? DevelopmentTarget { get; init; }

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
        DevelopmentSource = DevelopmentSource == null ? null : path(DevelopmentSource),
        DevelopmentTarget = DevelopmentTarget == null ? null : path(DevelopmentTarget),
        TestSource = TestSource == null ? null : path(TestSource),
        TestTarget = TestTarget == null ? null : path(TestTarget),
    };

    /// <summary>Which of the pairs to learn from are held out to compare models by; null where there are files for that.</summary>
    /// <param name="most">Most that are held out.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">A file cannot be read or is empty, or there is a single pair.</exception>
    public HeldOutPairs? HeldOut(long most, CancellationToken cancel = default)
    {
        if (DevelopmentSource != null)
            return null;
        long pairs = TrainSource.Sum(file => Lines(file, cancel));
        return pairs > 1 ? HeldOutPairs.Of(pairs, most)
            : throw new TextException("holds a single pair; expected another to hold out, or a development set", TrainSource[0]);
    }

    /// <summary>Everything that is wrong with it, as far as that can be seen without reading it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (TrainSource.Count == 0 || TrainSource.Count != TrainTarget.Count)
            faults.Add($"{TrainSource.Count} files of source sentences and {TrainTarget.Count} of translations; expected one for the other, and at least one of each");
        faults.AddRange(Files().Where(pair => pair.Source == pair.Target).Select(pair => $"{pair.Source} is given as sentences and as their translations; expected two files"));
        Both("development", DevelopmentSource, DevelopmentTarget);
        Both("test", TestSource, TestTarget);
        return faults;

        void Both(string set, string? source, string? target)
        {
            if ((source == null) != (target == null))
                faults.Add($"a {set} set has two files, and its {(source == null ? "source sentences" : "translations")} are not given");
        }
    }

    /// <summary>Reads all files, and says which of them do not go together; empty where all do.</summary>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="TextException">A file cannot be read, or is empty.</exception>
    public IReadOnlyList<string> Unequal(CancellationToken cancel = default)
    {
        List<string> faults = [];
        foreach ((string source, string target) in Files())
        {
            (long first, long second) = (Lines(source, cancel), Lines(target, cancel));
            if (first != second)
                faults.Add($"{source} has {first:N0} lines and {target} {second:N0}; line n of one must translate line n of the other: name files that belong together");
        }
        return faults;
    }

    private IEnumerable<(string Source, string Target)> Files()
    {
        IEnumerable<(string?, string?)> files = [.. TrainSource.Zip(TrainTarget), (DevelopmentSource, DevelopmentTarget), (TestSource, TestTarget)];
        return files.Where(pair => pair is (not null, not null)).Select(pair => (pair.Item1!, pair.Item2!));
    }

    private static long Lines(string file, CancellationToken cancel)
    {
        using var reader = new LineReader(file, new TextDefects());
        while (reader.NextLine(out _))
            cancel.ThrowIfCancellationRequested();
        return reader.Line > 0 ? reader.Line : throw new TextException("is empty; expected a sentence a line", file);
    }
}
