using System.Text;
using Espalier.Text.Files;

namespace Espalier.Text.Sample;

/// <summary>How much of the sample language is wanted.</summary>
/// <param name="Documents">Documents of running text, at least 1.</param>
/// <param name="Pairs">
/// Training pairs of the entailment set, and of the parallel set, at least 10; the development and test sets have a tenth each.
/// </param>
public sealed record SampleSize(int Documents = 20_000, int Pairs = 30_000)
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

/// <summary>
/// Writes the sample language as files: <c>corpus.txt</c> (a document a line), <c>train.tsv</c>, <c>dev.tsv</c> and
/// <c>test.tsv</c> (premise, hypothesis, label, with a header) and <c>parallel.SPLIT.source</c> and <c>.target</c> (line by line).
/// </summary>
public static class SampleFolder
{
    private static readonly UTF8Encoding Encoding = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>
    /// Writes the folder whole or not at all: everything goes to a neighbour first, which takes the folder's name at the end and
    /// is removed when anything fails.
    /// </summary>
    /// <param name="path">A folder that does not exist or is empty.</param>
    /// <param name="seed">Seed of the language.</param>
    /// <param name="size">How much to write.</param>
    /// <param name="progress">Told the file being written and the fraction of it that is done.</param>
    /// <param name="cancel">Stops the work; nothing remains.</param>
    /// <exception cref="TextException">The folder holds something, or the sizes cannot be met.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Write(string path, ulong seed, SampleSize size, Action<string, double>? progress = null, CancellationToken cancel = default)
    {
        if (size.Validate() is { Count: > 0 } faults)
            throw new TextException(string.Join("; ", faults));
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
            throw new TextException("is there already and would be overwritten; name a folder that is new or empty", path);

        var language = new SampleLanguage(seed);
        string temporary = $"{full}.{Environment.ProcessId}.tmp";
        try
        {
            WriteLines("corpus.txt", language.Documents(), size.Documents);
            foreach (SampleSplit split in Enum.GetValues<SampleSplit>())
            {
                string name = split.ToString().ToLowerInvariant();
                int pairs = size.PairsOf(split);
                IEnumerable<string> rows = language.Entailment(split).Select(pair => $"{pair.Premise}\t{pair.Hypothesis}\t{pair.Label.ToString().ToLowerInvariant()}");
                WriteLines($"{name}.tsv", rows.Prepend("premise\thypothesis\tlabel"), pairs + 1);
                WriteLines($"parallel.{name}.source", language.Translations(split).Select(pair => pair.Source), pairs);
                WriteLines($"parallel.{name}.target", language.Translations(split).Select(pair => pair.Target), pairs);
            }
            if (Directory.Exists(full))
                Directory.Delete(full);
            Directory.Move(temporary, full);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }

        void WriteLines(string file, IEnumerable<string> lines, int count) => AtomicFile.Write(Path.Join(temporary, file), stream =>
        {
            using var writer = new StreamWriter(stream, Encoding, leaveOpen: true) { NewLine = "\n" };
            int written = 0;
            foreach (string line in lines.Take(count))
            {
                cancel.ThrowIfCancellationRequested();
                writer.WriteLine(line);
                progress?.Invoke(file, (double)++written / count);
            }
        });
    }
}
