using Espalier.Text;
using Espalier.Text.Corpora;

namespace Espalier.Tests.Text.Corpora;

public class PreparedCorpusTests
{
    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 40)]
    [InlineData(true, 40)]
    public void CopyStream_AnyRange_IsDocumentsWithASeparatorAfterEach(bool wide, int shardTokens)
    {
        const int Separator = 2;
        using var folder = new TemporaryFolder();
        var random = new Random(5);
        int[][] documents = [.. Enumerable.Range(0, 60).Select(i => Enumerable.Range(0, random.Next(0, 12)).Select(_ => random.Next(wide ? 99_999 : 65_536)).ToArray())];
        SplitRecord record;
        using (var writer = new TokenShardWriter(folder.Path, "train", wide, shardTokens))
        {
            foreach (int[] document in documents.Where(document => document.Length > 0))
            {
                writer.Append(document.AsSpan(0, document.Length / 2)); // as a long document comes: in pieces
                writer.Append(document.AsSpan(document.Length / 2));
                writer.EndDocument();
            }
            record = writer.Complete();
        }
        using var split = new TokenSplit(folder.Path, record, wide);
        int[] expected = [.. documents.Where(document => document.Length > 0).SelectMany(document => document.Append(Separator))];
        Assert.Equal(expected.Length, split.StreamLength);
        Assert.Equal(documents.Sum(document => document.Length), split.Tokens);
        for (int start = 0; start <= expected.Length; start++)
        {
            int[] actual = new int[Math.Min(expected.Length - start, random.Next(70))];
            split.CopyStream(start, actual, Separator);
            Assert.Equal(expected[start..(start + actual.Length)], actual);
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => split.CopyStream(expected.Length - 3, new int[4], Separator));
    }

    [Theory]
    [InlineData("train-00000.tokens", "is missing")]
    [InlineData("train-00000.offsets", "is missing")]
    [InlineData("manifest.json", "manifest.json is missing; expected a folder that espalier data prepare made")]
    public void Open_FileMissing_NamesIt(string name, string message)
    {
        using var folder = new TemporaryFolder();
        CorpusPreparationTests.Prepare(folder, TestTokenizer.Lines, new() { HeldOutFraction = 0 }, "out");
        File.Delete(Path.Join(folder["out"], name));
        TextException fault = Assert.Throws<TextException>(() => PreparedCorpus.Open(folder["out"]));
        Assert.Contains(name, fault.Message);
        Assert.Contains(message, fault.Message);
    }

    [Fact]
    public void Open_ShardCutShort_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        CorpusPreparationTests.Prepare(folder, TestTokenizer.Lines, new() { HeldOutFraction = 0 }, "out");
        string shard = Path.Join(folder["out"], "train-00000.tokens");
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^2]);
        Assert.Contains("were expected", Assert.Throws<TextException>(() => PreparedCorpus.Open(folder["out"])).Message);
    }

    [Fact]
    public void Verify_OneBitOther_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        CorpusPreparationTests.Prepare(folder, TestTokenizer.Lines, new() { HeldOutFraction = 0 }, "out");
        string shard = Path.Join(folder["out"], "train-00000.tokens");
        byte[] bytes = File.ReadAllBytes(shard);
        bytes[5] ^= 1;
        File.WriteAllBytes(shard, bytes);
        using PreparedCorpus corpus = PreparedCorpus.Open(folder["out"]);
        Assert.Contains("is damaged", Assert.Throws<TextException>(() => corpus.Verify()).Message);
    }

    [Theory]
    [InlineData("{", "manifest of a prepared corpus")]
    [InlineData("{\"format\": 1}", "manifest of a prepared corpus")]
    public void Open_WrongManifest_SaysSo(string json, string message)
    {
        using var folder = new TemporaryFolder();
        folder.Write("manifest.json", json);
        Assert.Contains(message, Assert.Throws<TextException>(() => PreparedCorpus.Open(folder.Path)).Message);
    }

    [Fact]
    public void LoadTokenizer_AnotherOne_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        CorpusPreparationTests.Prepare(folder, TestTokenizer.Lines, new() { HeldOutFraction = 0 }, "out");
        new Espalier.Text.Tokenization.BpeTrainer(new() { VocabularySize = 280 }).TrainLines(["another"]).Save(Path.Join(folder["out"], "tokenizer.json"));
        using PreparedCorpus corpus = PreparedCorpus.Open(folder["out"]);
        Assert.Contains("prepared with", Assert.Throws<TextException>(corpus.LoadTokenizer).Message);
    }
}
