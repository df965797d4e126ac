using Espalier.Text;
using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

public sealed class SampleFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("espalier-sample-").FullName;

    private string Folder => Path.Join(_parent, "sample");

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    [Fact]
    public void Write_Sizes_AreExact()
    {
        IReadOnlyList<SampleFile> files = SampleFolder.Write(Folder, 3, new SampleSize(Documents: 25, Pairs: 70));
        Dictionary<string, int> lines = Directory.GetFiles(Folder).ToDictionary(file => Path.GetFileName(file), file => File.ReadAllText(file).Count(c => c == '\n'));
        Assert.Equal(
            new Dictionary<string, int>
            {
                ["corpus.txt"] = 25,
                ["train.tsv"] = 71,
                ["dev.tsv"] = 8,
                ["test.tsv"] = 8,
                ["acceptability.train.tsv"] = 71,
                ["acceptability.dev.tsv"] = 8,
                ["acceptability.test.tsv"] = 8,
                ["parallel.train.source"] = 70,
                ["parallel.train.target"] = 70,
                ["parallel.dev.source"] = 7,
                ["parallel.dev.target"] = 7,
                ["parallel.test.source"] = 7,
                ["parallel.test.target"] = 7,
            }, lines);
        Assert.Equal(lines, files.ToDictionary(file => file.Name, file => file.Lines));
        string[] rows = File.ReadAllLines(Path.Join(Folder, "train.tsv"));
        Assert.Equal("premise\thypothesis\tlabel", rows[0]);
        Assert.All(rows.Skip(1), row => Assert.Contains(row.Split('\t')[2], new[] { "entailment", "neutral", "contradiction" }));
    }

    [Fact]
    public void Write_SomeSets_WritesNoOthers()
    {
        SampleFolder.Write(Folder, 3, new SampleSize(5, 10, SampleSets.Corpus | SampleSets.Acceptability));
        Assert.Equal(
            ["acceptability.dev.tsv", "acceptability.test.tsv", "acceptability.train.tsv", "corpus.txt"],
            Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Write_Interrupted_LeavesNothing()
    {
        using var cancel = new CancellationTokenSource();
        var progress = new Interrupt(cancel);
        Assert.Throws<OperationCanceledException>(() => SampleFolder.Write(Folder, 3, new SampleSize(20, 10), progress, cancel.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_parent));
    }

    [Fact]
    public void Write_FolderThatExists_IsLeftAlone()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Path.Join(Folder, "corpus.txt"), "mine");
        Assert.Throws<TextException>(() => SampleFolder.Write(Folder, 3, new SampleSize(1, 10)));
        Assert.Equal("mine", File.ReadAllText(Path.Join(Folder, "corpus.txt")));
    }

    [Fact]
    public void Validate_ImpossibleSizes_SaysAllFaults() => Assert.Equal(2, new SampleSize(0, 9).Validate().Count);

    // Cancels when half of the work is done.
    private sealed class Interrupt(CancellationTokenSource source) : IProgress<double>
    {
        public void Report(double value)
        {
            if (value > 0.5)
                source.Cancel();
        }
    }
}
