using System.IO.Compression;
using Espalier.Text;
using Espalier.Text.Corpora;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Corpora;

public class CorpusPreparationTests
{
    private static readonly CorpusPreparationOptions TenPercentHeldOut = new() { HeldOutFraction = 0.1, Threads = 2 };

    [Fact]
    public void Run_ThenOpen_GivesEveryDocumentBackOnce()
    {
        using var folder = new TemporaryFolder();
        string[] documents = Documents(3_000);
        CorpusManifest manifest = Prepare(folder, documents, TenPercentHeldOut with { ShardTokens = 5_000 }, "out");
        Assert.True(manifest.Train.Shards.Count > 3);
        using PreparedCorpus corpus = PreparedCorpus.Open(folder["out"]);
        corpus.Verify();
        Tokenizer tokenizer = corpus.LoadTokenizer();
        Assert.Equal(documents.Order(StringComparer.Ordinal), Texts(corpus.Train, tokenizer).Concat(Texts(corpus.HeldOut, tokenizer)).Order(StringComparer.Ordinal));
        Assert.InRange(corpus.HeldOut.Documents, 240, 360);
    }

    [Fact]
    public void Run_Paragraphs_GiveTheIdsOfEachDocumentAsAWhole()
    {
        using var folder = new TemporaryFolder();
        Tokenizer tokenizer = TestTokenizer.Changed(json => json["pre_tokenizer"]!["add_prefix_space"] = true);
        // Lines that end with spaces, and enough documents for several chunks; the last is longer than a chunk.
        string[] documents = [.. Enumerable.Range(0, 501).Select(i => string.Join(" \n ", Enumerable.Repeat($"{i} trees  ", i < 500 ? 10 * (i % 50) + 1 : 150_000)))];
        string text = folder.Write("text", string.Join("\n\n", documents));
        new CorpusPreparation(tokenizer, new() { Layout = DocumentLayout.Paragraph, HeldOutFraction = 0 }).Run([text], folder["out"]);
        using PreparedCorpus corpus = PreparedCorpus.Open(folder["out"]);
        Assert.Equal(documents.Length, corpus.Train.Documents);
        for (int i = 0; i < documents.Length; i++)
        {
            int[] ids = new int[corpus.Train.LengthOf(i)];
            corpus.Train.CopyDocument(i, ids);
            if (i < 500)
                Assert.Equal(tokenizer.Encode(documents[i]), ids);
            else
                Assert.Equal(" " + documents[i], tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Run_OtherThreadCount_WritesTheSameBytes()
    {
        using var folder = new TemporaryFolder();
        string[] documents = Documents(2_000);
        documents[7] = string.Join(' ', Enumerable.Repeat(documents[6], 60_000)); // several chunks long
        CorpusManifest one = Prepare(folder, documents, TenPercentHeldOut with { Threads = 1 }, "one");
        CorpusManifest four = Prepare(folder, documents, TenPercentHeldOut with { Threads = 4 }, "four");
        Assert.Equal(one.Train.Shards, four.Train.Shards);
        Assert.Equal(one.HeldOut.Shards, four.HeldOut.Shards);
    }

    [Fact]
    public void Run_SmallerFraction_TrainsOnASubsetAndHoldsOutTheSame()
    {
        using var folder = new TemporaryFolder();
        string[] documents = Documents(4_000);
        Prepare(folder, documents, TenPercentHeldOut, "all");
        CorpusManifest few = Prepare(folder, documents, TenPercentHeldOut with { Fraction = 0.2 }, "few");
        CorpusManifest fewer = Prepare(folder, documents, TenPercentHeldOut with { Fraction = 0.05 }, "fewer");
        using PreparedCorpus a = PreparedCorpus.Open(folder["all"]), b = PreparedCorpus.Open(folder["few"]), c = PreparedCorpus.Open(folder["fewer"]);
        Tokenizer tokenizer = TestTokenizer.Instance;
        Assert.Equal(Texts(a.HeldOut, tokenizer), Texts(b.HeldOut, tokenizer));
        Assert.Equal(Texts(a.HeldOut, tokenizer), Texts(c.HeldOut, tokenizer));
        Assert.ProperSuperset(Texts(b.Train, tokenizer).ToHashSet(), Texts(a.Train, tokenizer).ToHashSet());
        Assert.ProperSuperset(Texts(c.Train, tokenizer).ToHashSet(), Texts(b.Train, tokenizer).ToHashSet());
        Assert.InRange(b.Train.Documents, 600, 840);
        Assert.InRange(c.Train.Documents, 120, 240);
        Assert.Equal(4_000, few.Train.Documents + few.HeldOut.Documents + few.DocumentsLeftAside);
        Assert.Equal(4_000, fewer.Train.Documents + fewer.HeldOut.Documents + fewer.DocumentsLeftAside);
    }

    [Fact]
    public void Run_OtherSeed_HoldsOutOthers()
    {
        using var folder = new TemporaryFolder();
        string[] documents = Documents(500);
        Prepare(folder, documents, TenPercentHeldOut with { Seed = 1 }, "one");
        Prepare(folder, documents, TenPercentHeldOut with { Seed = 2 }, "two");
        using PreparedCorpus one = PreparedCorpus.Open(folder["one"]), two = PreparedCorpus.Open(folder["two"]);
        Assert.NotEqual(Texts(one.HeldOut, TestTokenizer.Instance), Texts(two.HeldOut, TestTokenizer.Instance));
    }

    [Theory]
    [InlineData("missing", "there is no such file")]
    [InlineData("empty", "holds no document")]
    [InlineData("truncated.gz", "truncated gzip")]
    public void Run_BadInput_SaysWhatAndLeavesNothing(string file, string message)
    {
        using var folder = new TemporaryFolder();
        folder.Write("empty", " \n\n");
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', Documents(50_000))));
        folder.Write("truncated.gz", packed.ToArray()[..^100]);
        string[] before = Directory.GetFileSystemEntries(folder.Path);
        TextException fault = Assert.Throws<TextException>(() =>
            new CorpusPreparation(TestTokenizer.Instance, TenPercentHeldOut).Run([folder[file]], folder["out"]));
        Assert.StartsWith(folder[file], fault.Message);
        Assert.Contains(message, fault.Message);
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(folder.Path).Order());
    }

    [Fact]
    public void Run_Cancelled_LeavesNothing()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", string.Join('\n', Documents(100_000)));
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => new CorpusPreparation(TestTokenizer.Instance, TenPercentHeldOut)
            .Run([file], folder["out"], new StopAt(stop), stop.Token));
        Assert.Equal([file], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Run_FolderThatExists_IsNotTouched()
    {
        using var folder = new TemporaryFolder();
        string kept = folder.Write("kept", "precious");
        TextException fault = Assert.Throws<TextException>(() =>
            new CorpusPreparation(TestTokenizer.Instance, TenPercentHeldOut).Run([kept], folder.Path));
        Assert.Contains("exists already", fault.Message);
        Assert.Equal("precious", File.ReadAllText(kept));
    }

    [Fact]
    public void Run_LineOfAHundredMegabytesWithoutASpace_Works()
    {
        using var folder = new TemporaryFolder();
        string file = folder["text"];
        using (FileStream stream = File.Create(file))
        {
            byte[] part = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("aé\0漢", 1 << 16)));
            for (int i = 0; i < 100_000_000 / part.Length; i++)
                stream.Write(part);
        }
        CorpusManifest manifest = new CorpusPreparation(TestTokenizer.Instance, TenPercentHeldOut with { HeldOutFraction = 0 }).Run([file], folder["out"]);
        Assert.Equal(1, manifest.Train.Documents);
        Assert.Equal(("NUL bytes", 1L), Assert.Single(manifest.Warnings) is var warning ? (warning.What, warning.Line) : default);
    }

    [Fact]
    public void Run_APartOfEachFile_ReadsItsBeginningToTheEndOfALine()
    {
        using var folder = new TemporaryFolder();
        string[] documents = Documents(3_000);
        string plain = folder.Write("plain.txt", string.Join('\n', documents) + "\n"), packed = folder["packed.gz"];
        using (var stream = new GZipStream(File.Create(packed), CompressionMode.Compress))
            stream.Write(File.ReadAllBytes(plain));
        CorpusManifest manifest = new CorpusPreparation(TestTokenizer.Instance, new CorpusPreparationOptions { HeldOutFraction = 0, Part = 0.25 })
            .Run([plain, packed], folder["out"]);
        Assert.All(manifest.Inputs, input => Assert.InRange(input.Documents, 650, 850));
        using PreparedCorpus corpus = PreparedCorpus.Open(folder["out"]);
        Assert.Equal(documents[..(int)manifest.Inputs[0].Documents], Texts(corpus.Train, corpus.LoadTokenizer())[..(int)manifest.Inputs[0].Documents]);
    }

    [Fact]
    public void Run_APartOfALineThatIsLong_LeavesItAtTheEndOfASegment()
    {
        using var folder = new TemporaryFolder();
        string line = string.Join(' ', Enumerable.Repeat(string.Join(' ', Documents(200)), 300));
        var options = new CorpusPreparationOptions { HeldOutFraction = 0, Part = 0.1 };
        CorpusManifest whole = Prepare(folder, [line], options with { Part = 1 }, "whole");
        CorpusManifest one = Prepare(folder, [line], options with { Threads = 1 }, "one"), four = Prepare(folder, [line], options with { Threads = 4 }, "four");
        Assert.Equal(one.Train.Shards, four.Train.Shards);
        Assert.Equal(1, one.Train.Documents);
        Assert.InRange(one.Train.Tokens / (double)whole.Train.Tokens, 0.1, 0.3);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(3, false)]
    [InlineData(3, true)]
    public void Run_DocumentsThatAllFallIntoOnePart_HoldsOutTheEndOfTheText(int documents, bool heldOut)
    {
        using var folder = new TemporaryFolder();
        ulong seed = 0;
        while (!Enumerable.Range(0, documents).All(d => new DocumentSelection(seed, 0.1, 1).Of(d) == (heldOut ? Destination.HeldOut : Destination.Train)))
            seed++;
        CorpusPreparationOptions options = TenPercentHeldOut with { Seed = seed, ShardTokens = 1_000 };
        string[] texts = [.. Documents(1_000).Chunk(1_000 / documents).Take(documents).Select(lines => string.Join(' ', lines))];
        Prepare(folder, texts, options with { HeldOutFraction = 0 }, "whole");
        CorpusManifest one = Prepare(folder, texts, options with { Threads = 1 }, "one"), four = Prepare(folder, texts, options with { Threads = 4 }, "four");
        Assert.Equal(one.Train.Shards, four.Train.Shards);
        Assert.Equal(one.HeldOut.Shards, four.HeldOut.Shards);
        Assert.Equal(2 + (2 * (one.Train.Shards.Count + one.HeldOut.Shards.Count)), Directory.GetFiles(folder["one"]).Length);
        Assert.Equal(documents, Assert.Single(one.Warnings).Count);
        using PreparedCorpus whole = PreparedCorpus.Open(folder["whole"]), cut = PreparedCorpus.Open(folder["one"]);
        cut.Verify();
        Assert.Equal(Ids(whole.Train), Ids(cut.Train).Concat(Ids(cut.HeldOut)));
        Assert.Equal(0.1, cut.HeldOut.Tokens / (double)whole.Train.Tokens, 1e-3);

        CorpusManifest tiny = Prepare(folder, ["a tree"], options, "tiny");
        Assert.True(tiny.Train.Tokens > 0 && tiny.HeldOut.Tokens > 0);
    }

    internal static string[] Documents(int count) =>
        [.. Enumerable.Range(0, count).Select(i => $"{TestTokenizer.Lines[i % 200]} {i}")];

    internal static CorpusManifest Prepare(TemporaryFolder folder, IEnumerable<string> documents, CorpusPreparationOptions options, string name)
    {
        string file = folder.Write("corpus.txt", string.Join('\n', documents) + "\n");
        return new CorpusPreparation(TestTokenizer.Instance, options).Run([file], folder[name]);
    }

    private static List<string> Texts(TokenSplit split, Tokenizer tokenizer) => [.. DocumentIds(split).Select(ids => tokenizer.Decode(ids))];

    private static IEnumerable<int> Ids(TokenSplit split) => DocumentIds(split).SelectMany(ids => ids);

    private static IEnumerable<int[]> DocumentIds(TokenSplit split)
    {
        for (long i = 0; i < split.Documents; i++)
        {
            int[] ids = new int[split.LengthOf(i)];
            split.CopyDocument(i, ids);
            yield return ids;
        }
    }

    private sealed class StopAt(CancellationTokenSource stop) : IProgress<double>
    {
        public void Report(double value) => stop.Cancel();
    }
}
