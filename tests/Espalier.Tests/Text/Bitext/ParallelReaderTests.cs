using System.Text;
using Espalier.Text;
using Espalier.Text.Bitext;

namespace Espalier.Tests.Text.Bitext;

public class ParallelReaderTests
{
    [Fact]
    public void Next_TwoFiles_GivesPairsAndSaysWhatItDropped()
    {
        using var folder = new TemporaryFolder();
        string x = folder.Write("x", "one\n\na b c d e f\ntoo many words\nlast"), y = folder.Write("y", "un\nrien\na\n1 2 3 4 5 6 7\nfin\n");
        var options = new ParallelSetOptions { Source = x, Target = y, MaxWords = 6, MaxRatio = 4 };
        Assert.Equal(["one = un", "last = fin"], Pairs(options, out ParallelReader reader));
        Assert.Equal((5, 2), (reader.Pairs, reader.Kept));
        Assert.Equal([(1L, 2L), (1, 4), (1, 3)], reader.Warnings.Select(warning => (warning.Count, warning.Line)));
        Assert.All(reader.Warnings, warning => Assert.StartsWith("pairs left out because", warning.What));
    }

    [Fact]
    public void Next_LanguageWithoutSpaces_IsNotTakenForOneWord()
    {
        using var folder = new TemporaryFolder();
        string x = folder.Write("x", "他昨天在图书馆里借了三本关于历史的书。\n他\n"), y = folder.Write(
            "y", "Yesterday he took three books about history home from the library.\nYesterday he took three books\n");
        Assert.Single(Pairs(new() { Source = x, Target = y }, out ParallelReader reader));
        Assert.Equal(2, Assert.Single(reader.Warnings).Line);
    }

    [Theory]
    [InlineData("a\tb\nc\td\n", false, "1", "2", "a = b|c = d")]
    [InlineData("a\tb\tc\nd\te\tf\n", false, "3", "1", "c = a|f = d")]
    [InlineData("fr\ten\nb\ta\n", true, "en", "fr", "a = b")]
    public void Next_OneTable_GivesPairs(string content, bool header, string source, string target, string expected)
    {
        using var folder = new TemporaryFolder();
        var options = new ParallelSetOptions { Source = folder.Write("xy.tsv", content), HasHeader = header, SourceColumn = source, TargetColumn = target };
        Assert.Equal(expected, string.Join('|', Pairs(options, out _)));
    }

    [Theory]
    [InlineData("a\nb\nc\n", "x\ny\n", "x", "y", 3, 2)]
    [InlineData("a\n", "x\ny\nz", "y", "x", 3, 1)]
    [InlineData("", "x\n", "y", "x", 1, 0)]
    public void Next_UnequalLineCounts_NamesBothAndTheFirstLineAlone(
        string source, string target, string longer, string shorter, int lines, int shorterLines)
    {
        using var folder = new TemporaryFolder();
        string x = folder.Write("x", source), y = folder.Write("y", target);
        TextException fault = Assert.Throws<TextException>(() => Pairs(new() { Source = x, Target = y }, out _));
        Assert.StartsWith(
            $"{folder[longer]}:{shorterLines + 1}: has no partner, for {folder[shorter]} has {shorterLines} lines and this file {lines};", fault.Message);
    }

    [Fact]
    public void Next_EndlessLine_IsLeftOutAndCounted()
    {
        using var folder = new TemporaryFolder();
        string x = folder.Write("x", "a\n" + new string('x', 3_000_000) + "\nb\n"), y = folder.Write("y", "1\n2\n3\n");
        Assert.Equal(["a = 1", "b = 3"], Pairs(new() { Source = x, Target = y }, out ParallelReader reader));
        Assert.Equal(2, Assert.Single(reader.Warnings).Line);
    }

    [Theory]
    [InlineData("a\tb\nc\n", "1", "2", ":2: the row has 1 field, at least 2 were expected")]
    [InlineData("a\tb\n", "en", "2", "column \"en\" must be a number")]
    [InlineData("", "1", "2", "holds no pair")]
    public void Next_BadTable_SaysWhatIsWrong(string content, string source, string target, string message)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("xy.tsv", content);
        TextException fault = Assert.Throws<TextException>(() => Pairs(new() { Source = path, SourceColumn = source, TargetColumn = target }, out _));
        Assert.Contains(message, fault.Message);
        Assert.StartsWith(path, fault.Message);
    }

    [Fact]
    public void Encode_SideWithTooManyTokens_IsLeftOutAndCounted()
    {
        using var folder = new TemporaryFolder();
        string x = folder.Write("x", "the tree1\nthe\n"), y = folder.Write("y", "the\n" + TestTokenizer.Lines[3] + "\n");
        EncodedPairs pairs = EncodedPairs.Encode(new ParallelSetOptions { Source = x, Target = y, MaxRatio = 1000 }, TestTokenizer.Instance, maxLength: 8);
        Assert.Equal(1, pairs.Sources.Count);
        Assert.Equal(TestTokenizer.Instance.Encode("the tree1"), pairs.Sources[0]);
        Assert.Equal((1, 2), Assert.Single(pairs.Warnings) is var warning ? (warning.Count, warning.Line) : default);
        Assert.Contains("none of its 2 pairs", Assert.Throws<TextException>(() =>
            EncodedPairs.Encode(new ParallelSetOptions { Source = x, Target = y, MaxRatio = 1000 }, TestTokenizer.Instance, maxLength: 2)).Message);
    }

    private static List<string> Pairs(ParallelSetOptions options, out ParallelReader reader)
    {
        using (reader = new ParallelReader(options))
        {
            var pairs = new List<string>();
            while (reader.Next())
                pairs.Add($"{Encoding.UTF8.GetString(reader.Source)} = {Encoding.UTF8.GetString(reader.Target)}");
            return pairs;
        }
    }
}
