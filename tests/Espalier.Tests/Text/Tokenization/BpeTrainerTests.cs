using System.IO.Compression;
using System.Text;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Tokenization;

public class BpeTrainerTests
{
    [Fact]
    public void TrainLines_RandomWords_LearnsWhatTheDefinitionSays()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            string[] lines = [.. RandomWords(seed, 40, "abc").Chunk(5).Select(words => string.Join(' ', words))];
            Tokenizer tokenizer = new BpeTrainer(new BpeTrainerOptions { VocabularySize = 300, MinimumFrequency = 1 + (seed % 3) }).TrainLines(lines);
            Vocabulary learnt = Reload(tokenizer);
            Assert.Equal(LearnByDefinition(lines, learnt, 1 + (seed % 3)), learnt.Merges);
        }
    }

    [Fact]
    public void TrainLines_AnyThreadCount_GivesTheSameTokenizer()
    {
        // Enough lines for several blocks, and enough distinct words that the rarest have to be forgotten on the way.
        string[] lines = [.. RandomWords(3, 200_000, "abcdefghij").Chunk(5).Select(words => string.Join(' ', words))];
        string[] fingerprints = [.. new[] { 1, 2, 5 }.Select(threads => new BpeTrainer(new BpeTrainerOptions
        {
            VocabularySize = 500,
            Threads = threads,
            MaximumDistinctWords = 20_000,
        }).TrainLines(lines).Fingerprint)];
        Assert.Single(fingerprints.Distinct());
    }

    [Fact]
    public void TrainFiles_MoreDistinctWordsThanAllowed_ForgetsTheRarestAndSaysHowMany()
    {
        using var folder = new TemporaryFolder();
        IEnumerable<string> rare = Enumerable.Range(0, 2_000).Select(i => $"rare{i:D5}");
        string file = folder.Write("text", string.Join(' ', rare.SelectMany((word, i) => new[] { word, $"often{i % 10}" })));
        var options = new BpeTrainerOptions { VocabularySize = 300, MaximumDistinctWords = 1_000 };
        CorpusCount forgetful = new BpeTrainer(options).TrainFiles([file]).Corpus;
        CorpusCount exact = new BpeTrainer(options with { MaximumDistinctWords = 10_000 }).TrainFiles([file]).Corpus;
        // Letters and digits are words of their own: 2,000 numbers occur once each, and so does the first word, without a space.
        Assert.Equal((2_001, 0), (exact.DistinctWords - forgetful.DistinctWords, exact.ForgottenWords));
        Assert.Equal((2_001, exact.Words), (forgetful.ForgottenWords, forgetful.Words));
    }

    [Fact]
    public void TrainFiles_GzipAndPlain_CountTheSame()
    {
        using var folder = new TemporaryFolder();
        byte[] text = Encoding.UTF8.GetBytes("\ufeffa tree\r\nby the wall\n\nno line feed");
        CorpusCount plain = Train(folder.Write("text", text)).Corpus;
        Assert.Equal(plain, Train(folder.Write("text.gz", Gzip(text))).Corpus with { Warnings = plain.Warnings });
        Assert.Equal((4L, 8L), (plain.Lines, plain.Words));
    }

    [Fact]
    public void TrainFiles_LineLongerThanABlock_CountsEveryWordOnce()
    {
        using var folder = new TemporaryFolder();
        const int Times = 700_000;
        string file = folder.Write("text", string.Concat(Enumerable.Repeat("pruned hard ", Times)));
        CorpusCount corpus = Train(file).Corpus;
        Assert.Equal((1, (2 * Times) + 1), (corpus.Lines, corpus.Words));
        // "pruned" without its space at the start, and the space at the end.
        Assert.Equal(4, corpus.DistinctWords);
    }

    [Fact]
    public void TrainFiles_OddLines_AreCountedAndNamed()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", [.. "good\n"u8, 0xFF, 0xFE, .. "\nbad\0\n\0\n"u8]);
        string empty = folder.Write("empty", "");
        CorpusCount corpus = new BpeTrainer(new BpeTrainerOptions { VocabularySize = 300 }).TrainFiles([file, empty]).Corpus;
        Assert.Equal(
            [
                new Warning("byte sequences that are not UTF-8", 2, file, 2), new Warning("NUL bytes", 2, file, 3),
                new Warning("empty files", 1, empty, 1),
            ],
            corpus.Warnings);
    }

    [Fact]
    public void TrainFiles_Utf16_SaysHowToConvert()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("a tree")]);
        Assert.StartsWith($"{file}:1: is UTF-16", Assert.Throws<TextException>(() => Train(file)).Message);
    }

    [Fact]
    public void TrainFiles_Pipe_SaysThatAFileIsNeeded()
    {
        if (!OperatingSystem.IsLinux())
            return; // elsewhere a pipe has no path
        using var pipe = new System.IO.Pipes.AnonymousPipeServerStream(System.IO.Pipes.PipeDirection.In);
        string path = $"/proc/self/fd/{pipe.SafePipeHandle.DangerousGetHandle()}";
        Assert.Contains("is a pipe", Assert.Throws<TextException>(() => Train(path)).Message);
    }

    [Fact]
    public void TrainFiles_WordWithoutEnd_IsCountedInPieces()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", new string('x', 9_000_000));
        Assert.True(Train(file).Corpus.Words > 30_000);
    }

    [Fact]
    public void TrainFiles_TruncatedGzip_NamesTheFile()
    {
        using var folder = new TemporaryFolder();
        byte[] whole = Gzip(Encoding.UTF8.GetBytes(string.Join('\n', RandomWords(5, 5_000, "abcdefgh"))));
        foreach (int length in new[] { 2, 15, whole.Length / 2, whole.Length - 1 })
        {
            string file = folder.Write("text.gz", whole[..length]);
            var fault = Assert.Throws<TextException>(() => Train(file));
            Assert.Equal(file, fault.File);
            Assert.Contains("truncated", fault.Message);
        }
    }

    [Fact]
    public void TrainFiles_NoText_SaysSo()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", "\n\n");
        Assert.Contains(file, Assert.Throws<TextException>(() => Train(file)).Message);
        Assert.Contains("folder", Assert.Throws<TextException>(() => Train(folder.Path)).Message);
        Assert.Contains("no such file", Assert.Throws<TextException>(() => Train(folder["missing"])).Message);
    }

    [Fact]
    public void TrainLines_Cancelled_Stops()
    {
        var trainer = new BpeTrainer(new BpeTrainerOptions { VocabularySize = 300 });
        Assert.ThrowsAny<OperationCanceledException>(() => trainer.TrainLines(["a b"], new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Constructor_WrongOptions_NamesEveryFault()
    {
        var fault = Assert.Throws<ArgumentException>(() => new BpeTrainer(new BpeTrainerOptions { VocabularySize = 260, Threads = 0 }));
        Assert.Contains("260", fault.Message);
        Assert.Contains("thread", fault.Message);
    }

    private static BpeTraining Train(string file) => new BpeTrainer(new BpeTrainerOptions { VocabularySize = 300 }).TrainFiles([file]);

    private static IEnumerable<string> RandomWords(int seed, int count, string letters)
    {
        var random = new Random(seed);
        for (int i = 0; i < count; i++)
            yield return string.Concat(Enumerable.Range(0, 1 + random.Next(8)).Select(_ => letters[random.Next(letters.Length)]));
    }

    private static byte[] Gzip(byte[] text)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
            gzip.Write(text);
        return stream.ToArray();
    }

    private static Vocabulary Reload(Tokenizer tokenizer)
    {
        using var folder = new TemporaryFolder();
        tokenizer.Save(folder["tokenizer.json"]);
        return TokenizerJsonReader.Read(folder["tokenizer.json"]);
    }

    // Counts all pairs anew before each merge. Stops where the vocabulary under test is full.
    private static List<Merge> LearnByDefinition(string[] lines, Vocabulary learnt, int minimumFrequency)
    {
        var words = lines.SelectMany(line => line.Split(' ').Select((word, i) => i == 0 ? word : $" {word}"))
            .Select(word => Encoding.UTF8.GetBytes(word).Select(value => learnt.Tokens[ByteAlphabet.Write([value])]).ToList()).ToList();
        var spelling = learnt.Tokens.ToDictionary(entry => entry.Value, entry => entry.Key);
        var merges = new List<Merge>();
        while (merges.Count < learnt.Merges.Count || learnt.Tokens.Count < 300)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .Select(group => (Pair: group.Key, Count: group.Count()))
                .OrderByDescending(entry => entry.Count).ThenBy(entry => entry.Pair.First).ThenBy(entry => entry.Pair.Second).FirstOrDefault();
            if (best.Count < minimumFrequency || best.Count == 0)
                break;
            var merge = new Merge(best.Pair.First, best.Pair.Second, learnt.Tokens[spelling[best.Pair.First] + spelling[best.Pair.Second]]);
            if (!merges.Contains(merge))
                merges.Add(merge);
            foreach (List<int> word in words)
                for (int i = 0; i + 1 < word.Count; i++)
                    if (word[i] == merge.Left && word[i + 1] == merge.Right)
                    {
                        word[i] = merge.Result;
                        word.RemoveAt(i + 1);
                    }
        }
        return merges;
    }
}
