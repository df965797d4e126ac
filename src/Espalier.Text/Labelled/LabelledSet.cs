using Espalier.Text.Files;
using Espalier.Text.Randomness;

namespace Espalier.Text.Labelled;

/// <summary>A text, or two, and the number of its label.</summary>
/// <param name="First">The text, or the first of two.</param>
/// <param name="Second">The second text, or null.</param>
/// <param name="Label">Index into the label vocabulary.</param>
public readonly record struct LabelledExample(string First, string? Second, int Label);

/// <summary>Labelled texts, in the order of the file.</summary>
public sealed class LabelledSet
{
    private LabelledSet(
        string path, LabelledColumns columns, LabelVocabulary labels, IReadOnlyList<LabelledExample> examples, IReadOnlyList<Warning> warnings)
    {
        Path = path;
        Columns = columns;
        Labels = labels;
        Examples = examples;
        Warnings = warnings;
        int[] counts = new int[labels.Count];
        foreach (LabelledExample example in examples)
            counts[example.Label]++;
        Counts = counts;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Where in the file the texts and labels stood.</summary>
    public LabelledColumns Columns { get; }

    /// <summary>The labels.</summary>
    public LabelVocabulary Labels { get; }

    /// <summary>The examples.</summary>
    public IReadOnlyList<LabelledExample> Examples { get; }

    /// <summary>Examples of each label.</summary>
    public IReadOnlyList<int> Counts { get; }

    /// <summary>What was odd in the file.</summary>
    public IReadOnlyList<Warning> Warnings { get; }

    /// <summary>Some of the examples, spread evenly over the file; all of them where there are no more.</summary>
    public LabelledSet Spread(int count) => count >= Examples.Count ? this : new LabelledSet(
        Path, Columns, Labels, [.. Enumerable.Range(0, count).Select(i => Examples[(int)((long)i * Examples.Count / count)])], Warnings);

    /// <summary>The format that a file's name tells, or null when it tells none.</summary>
    public static TableFormat? FormatOf(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return System.IO.Path.GetExtension(name).ToLowerInvariant() switch
        {
            ".csv" => TableFormat.Csv,
            ".tsv" => TableFormat.Tsv,
            ".jsonl" or ".ndjson" => TableFormat.JsonLines,
            _ => null,
        };
    }

    /// <summary>Reads a file, plain or gzip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Where the texts and labels stand.</param>
    /// <param name="labels">The labels of the training set, if this is not it; a label that is not among them is an error.</param>
    /// <param name="progress">Told the part that is done, from 0 to 1.</param>
    /// <exception cref="ArgumentException">The options have a fault.</exception>
    /// <exception cref="TextException">The file cannot be read, a row or label is wrong, or a training set has a single label.</exception>
    public static LabelledSet Read(
        string path, LabelledSetOptions options, LabelVocabulary? labels = null, IProgress<double>? progress = null)
    {
        if (options.Validate() is { Count: > 0 } faults)
            throw new ArgumentException(string.Join("; ", faults), nameof(options));
        using RowReader rows = RowReader.Open(path, options.Format, options.HasHeader);
        LabelledColumns columns = LabelledColumns.Find(rows.Columns, options, path);
        var reading = new LabelledReading(rows, columns, labels);
        long bytes = new FileInfo(path).Length;
        while (reading.Next())
            progress?.Report(rows.FractionRead(bytes));
        (LabelVocabulary vocabulary, LabelledExample[] examples) = reading.Complete();
        return new LabelledSet(path, columns, vocabulary, examples, [.. rows.Warnings, .. reading.Warnings]);
    }

    /// <summary>
    /// Draws a development set: of each label the same share, at least one example and never all. Examples keep their order.
    /// </summary>
    /// <param name="fraction">The share, above 0 and below 1.</param>
    /// <param name="seed">Seed of the draw.</param>
    /// <exception cref="TextException">A label has a single example, which cannot stand on both sides.</exception>
    public (LabelledSet Train, LabelledSet Development) Split(double fraction, ulong seed)
    {
        if (fraction is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "must be above 0 and below 1");
        bool[] drawn = new bool[Examples.Count];
        for (int label = 0; label < Labels.Count; label++)
        {
            int[] members = [.. Enumerable.Range(0, Examples.Count).Where(i => Examples[i].Label == label)];
            if (members.Length < 2)
                throw new TextException(
                    $"label \"{Labels.Names[label]}\" has {members.Length} example, at least 2 are needed to draw a development set; take its row out, give it another label, or name a development set (--dev)", Path);
            int wanted = Math.Clamp((int)Math.Round(fraction * members.Length), 1, members.Length - 1);
            var order = new SeededPermutation(members.Length, seed, Purpose.DevelopmentSplit, label);
            for (int i = 0; i < wanted; i++)
                drawn[members[order[i]]] = true;
        }
        return (Part(false), Part(true));

        LabelledSet Part(bool development) =>
            new(Path, Columns, Labels, [.. Examples.Where((_, i) => drawn[i] == development)], Warnings);
    }
}
