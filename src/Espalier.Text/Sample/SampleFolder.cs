using System.Text;
using Espalier.Text.Files;

namespace Espalier.Text.Sample;

/// <summary>What a sample folder can have.</summary>
[Flags]
public enum SampleSets
{
    /// <summary>Running text.</summary>
    Corpus = 1,

    /// <summary>Pairs of sentences and what the one says about the other.</summary>
    Entailment = 2,

    /// <summary>Sentences that are right or wrong.</summary>
    Acceptability = 4,

    /// <summary>Sentences and their translations.</summary>
    Parallel = 8,

    /// <summary>Everything.</summary>
    All = Corpus | Entailment | Acceptability | Parallel,
}

/// <summary>How much of the sample language is wanted.</summary>
/// <param name="Documents">Documents of running text, at least 1.</param>
/// <param name="Pairs">
/// Training pairs of the entailment set and of the parallel set, and training sentences of the acceptability set, at least 10; the
/// development and test sets have a tenth each.
/// </param>
/// <param name="Sets">Which files are written.</param>
public sealed record SampleSize(int Documents = 20_000, int Pairs = 30_000, SampleSets Sets = SampleSets.All)
{
    /// <summary>The fewest training pairs that leave a pair for the development and test sets.</summary>
    public const int FewestPairs = 10;

    /// <summary>Number of pairs in a split.</summary>
    public int PairsOf(SampleSplit split) => split == SampleSplit.Train ? Pairs : Pairs / FewestPairs;

    /// <summary>Every fault of the sizes, none when they can be met.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (Documents < 1)
            faults.Add($"{Documents} documents cannot be made; ask for at least 1");
        if (Pairs < FewestPairs)
            faults.Add($"{Pairs} pairs cannot be split; ask for at least {FewestPairs}");
        return faults;
    }
}

/// <summary>A file of a sample folder.</summary>
/// <param name="Name">Its name within the folder.</param>
/// <param name="Lines">Lines it has, its header included.</param>
public sealed record SampleFile(string Name, int Lines);

/// <summary>
/// Writes the sample language as files: <c>corpus.txt</c> (a document a line), <c>train.tsv</c>, <c>dev.tsv</c> and
/// <c>test.tsv</c> (premise, hypothesis, label, with a header), <c>acceptability.SPLIT.tsv</c> (sentence, label, with a header), and
/// <c>parallel.SPLIT.source</c> and <c>.target</c> (line by line).
/// </summary>
public static class SampleFolder
{
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes the folder whole or not at all.</summary>
    /// <param name="path">The folder to create.</param>
    /// <param name="seed">Seed of the language.</param>
    /// <param name="size">How much to write.</param>
    /// <param name="progress">Told the fraction of the work that is done.</param>
    /// <param name="cancel">Stops the work; nothing remains.</param>
    /// <returns>The files that were written, by name, and their lines.</returns>
    /// <exception cref="TextException">Something stands there already, or the sizes cannot be met.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<SampleFile> Write(
        string path, ulong seed, SampleSize size, IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        if (size.Validate() is { Count: > 0 } faults)
            throw new TextException(string.Join("; ", faults));
        (string Name, IEnumerable<string> Lines, int Count)[] files = [.. Files(new SampleLanguage(seed), size)];
        double total = files.Sum(file => (double)file.Count);
        return AtomicFolder.Write(path, folder =>
        {
            long written = 0;
            foreach ((string name, IEnumerable<string> lines, int count) in files)
            {
                AtomicFile.Write(Path.Join(folder, name), stream =>
                {
                    using var writer = new StreamWriter(stream, Encoding, leaveOpen: true) { NewLine = "\n" };
                    foreach (string line in lines.Take(count))
                    {
                        cancel.ThrowIfCancellationRequested();
                        writer.WriteLine(line);
                        progress?.Report(++written / total);
                    }
                });
            }
            return (IReadOnlyList<SampleFile>)[.. files.Select(file => new SampleFile(file.Name, file.Count))];
        });
    }

    private static IEnumerable<(string, IEnumerable<string>, int)> Files(SampleLanguage language, SampleSize size)
    {
        if (size.Sets.HasFlag(SampleSets.Corpus))
            yield return ("corpus.txt", language.Documents(), size.Documents);
        foreach (SampleSplit split in Enum.GetValues<SampleSplit>())
        {
            string name = split.ToString().ToLowerInvariant();
            int pairs = size.PairsOf(split);
            if (size.Sets.HasFlag(SampleSets.Entailment))
            {
                IEnumerable<string> rows = language.Entailment(split)
                    .Select(pair => $"{pair.Premise}\t{pair.Hypothesis}\t{pair.Label.ToString().ToLowerInvariant()}");
                yield return ($"{name}.tsv", rows.Prepend("premise\thypothesis\tlabel"), pairs + 1);
            }

            if (size.Sets.HasFlag(SampleSets.Acceptability))
            {
                IEnumerable<string> rows = language.Acceptability(split)
                    .Select(sentence => $"{sentence.Text}\t{(sentence.Acceptable ? "acceptable" : "unacceptable")}");
                yield return ($"acceptability.{name}.tsv", rows.Prepend("sentence\tlabel"), pairs + 1);
            }

            if (size.Sets.HasFlag(SampleSets.Parallel))
            {
                yield return ($"parallel.{name}.source", language.Translations(split).Select(pair => pair.Source), pairs);
                yield return ($"parallel.{name}.target", language.Translations(split).Select(pair => pair.Target), pairs);
            }
        }
    }
}
