using System.IO.Compression;
using System.Text;
using Espalier.Text;
using Espalier.Text.Files;
using Espalier.Text.Labelled;

namespace Espalier.Tests.Text.Labelled;

public class LabelledSetTests
{
    public static TheoryData<string, string> SameRows => new()
    {
        { "set.csv", "id,text,label\n1,\"a, \"\"b\"\"\nc\",x\n2,d,y\n" },
        { "set.csv", "id,text,label\r\n1,\"a, \"\"b\"\"\nc\",x\r\n2,d,y" },
        { "set.jsonl", "{\"text\": \"a, \\\"b\\\"\\nc\", \"label\": \"x\", \"id\": 1}\n\n{\"id\": null, \"label\": \"y\", \"text\": \"d\"}\n" },
    };

    [Theory]
    [MemberData(nameof(SameRows))]
    public void Read_AnyFormat_GivesTheSameExamples(string name, string content)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal([new("a, \"b\"\nc", null, 0), new("d", null, 1)], LabelledSet.Read(folder.Write(name, content), new()).Examples);
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(content));
        Assert.Equal(2, LabelledSet.Read(folder.Write(name + ".gz", packed.ToArray()), new()).Examples.Count);
    }

    [Fact]
    public void Read_Tsv_TakesQuotesAsTheyAreUnlessTold()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.tsv", "sentence\tlabel\n\"unclosed, here\t1\n\"closed\"\t0\n");
        LabelledSet set = LabelledSet.Read(path, new());
        Assert.Equal([new("\"unclosed, here", null, 1), new("\"closed\"", null, 0)], set.Examples);
        Assert.Equal("GLUE SST-2", set.Columns.Layout);
        string quoted = folder.Write("quoted.tsv", "sentence\tlabel\n\"a\tb\"\t1\n\"closed\"\t0\n");
        Assert.Equal([new("a\tb", null, 1), new("closed", null, 0)], LabelledSet.Read(quoted, new() { Format = TableFormat.QuotedTsv }).Examples);
    }

    [Fact]
    public void Read_GlueMnli_TakesTheGoldLabelAndLeavesOutRowsWithoutOne()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("dev_matched.tsv",
            "index\tpromptID\tpairID\tgenre\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
            + "0\t1\t1c\tx\t(p)\t(q)\tA.\tB.\tneutral\tcontradiction\n"
            + "1\t2\t2e\tx\t(p)\t(q)\tC.\tD.\tneutral\t-\n"
            + "2\t3\t3n\tx\t(p)\t(q)\tE.\tF.\tneutral\tentailment\n"
            + "3\t4\t4n\tx\t(p)\t(q)\tG.\tH.\tneutral\tneutral\n");
        LabelledSet set = LabelledSet.Read(path, new());
        Assert.Equal("GLUE MNLI", set.Columns.Layout);
        Assert.Equal(["entailment", "neutral", "contradiction"], set.Labels.Names);
        Assert.Equal([new("A.", "B.", 2), new("E.", "F.", 0), new("G.", "H.", 1)], set.Examples);
        Assert.Equal([1, 1, 1], set.Counts);
        Warning warning = Assert.Single(set.Warnings);
        Assert.Equal((1, 3), (warning.Count, warning.Line));
    }

    [Theory]
    [InlineData("neutral contradiction entailment", "entailment neutral contradiction")]
    [InlineData("positive negative", "negative positive")]
    [InlineData("Positive Neutral Negative", "Negative Neutral Positive")]
    [InlineData("10 9 -1", "-1 9 10")]
    [InlineData("pear apple", "apple pear")]
    public void Vocabulary_Labels_AreInOrderOfMeaning(string met, string expected) =>
        Assert.Equal(expected.Split(' '), LabelVocabulary.Of(met.Split(' ')).Names);

    [Fact]
    public void Read_NamedColumns_AreTaken()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.tsv", "q\ta\tok\nQ1\tA1\tyes\nQ2\tA2\tno\n");
        LabelledExample[] expected = [new("Q1", "A1", 1), new("Q2", "A2", 0)];
        Assert.Equal(expected, LabelledSet.Read(path, new() { TextColumns = ["q", "a"], LabelColumn = "ok" }).Examples);
        string bare = folder.Write("bare.tsv", "Q1\tA1\tyes\nQ2\tA2\tno\n");
        Assert.Equal(expected, LabelledSet.Read(bare, new() { HasHeader = false, TextColumns = ["1", "2"], LabelColumn = "3" }).Examples);
    }

    [Theory]
    [InlineData("set.tsv", "sentence\tlabel\na\t0\nb\nc\t1\n", 3, "has 1 field, 2 were expected")]
    [InlineData("set.tsv", "sentence\tlabel\na\t0\nb\tc\t1\n", 3, "has 3 fields, 2 were expected")]
    [InlineData("set.tsv", "sentence\tlabel\na\t0\nb\t\n", 3, "\"label\" is empty")]
    [InlineData("set.csv", "text,label\n\"a\nb\",0\nc\n", 4, "has 1 field, 2 were expected")]
    [InlineData("set.csv", "text,label\na,0\n\"b,1\nc,0\n", 3, "not valid CSV")]
    [InlineData("set.csv", "text,label\na,0\nb\"b,1\n", 3, "not valid CSV")]
    [InlineData("set.jsonl", "{\"text\": \"a\", \"label\": 0}\n{\"text\": \"a\"}\n", 2, "the object has no \"label\"")]
    [InlineData("set.jsonl", "{\"text\": \"a\", \"label\": 0}\n{\"text\": [], \"label\": 1}\n", 2, "\"text\" is neither text")]
    [InlineData("set.jsonl", "{\"text\": \"a\", \"label\": 0}\n[1]\n", 2, "a JSON object was expected, this is a list")]
    [InlineData("set.jsonl", "{\"text\": \"a\", \"label\": 0}\n{\"text\n", 2, "is not a JSON object")]
    [InlineData("set.tsv", "sentence\tlabel\na\t0\nb\t0\n", 1, "says \"0\" in all 2 rows")]
    [InlineData("set.tsv", "sentence\tlabel\n", null, "has a header but no rows")]
    [InlineData("set.tsv", "", null, "is empty")]
    [InlineData("set.csv", "", null, "is empty")]
    [InlineData("set.jsonl", "\n", null, "is empty")]
    [InlineData("set.tsv", "words\tlabel\na\t0\n", 1, "which column holds the text is not clear from the names words, label; name it with --text-column")]
    [InlineData("set.tsv", "sentence\tgrade\na\t0\n", 1, "which column holds the label is not clear")]
    [InlineData("set.txt", "sentence\tlabel\na\t0\n", null, "its name does not tell the format")]
    public void Read_BadInput_NamesFileAndLine(string name, string content, int? line, string message)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write(name, content);
        TextException fault = Assert.ThrowsAny<TextException>(() => LabelledSet.Read(path, new()));
        Assert.Contains(message, fault.Message);
        Assert.Equal((path, (long?)line), (fault.File, fault.Line));
    }

    [Theory]
    [InlineData("set.tsv", "sentence\tlabel\na\t0\n{0}\t1\n")]
    [InlineData("set.csv", "text,label\na,0\n{0},1\n")]
    [InlineData("set.jsonl", "{{\"text\": \"a\", \"label\": 0}}\n\n{{\"text\": \"{0}\", \"label\": 1}}\n")]
    public void Read_EndlessLine_IsRefusedInBoundedMemory(string name, string content)
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write(name, string.Format(System.Globalization.CultureInfo.InvariantCulture, content, new string('x', 100_000_000)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        TextException fault = Assert.Throws<TextException>(() => LabelledSet.Read(path, new()));
        Assert.Equal(3, fault.Line);
        Assert.Contains("too long for a row", fault.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 20_000_000);
    }

    [Fact]
    public void Read_EndlessQuotedField_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.csv", "text,label\na,0\n\"b,1\n" + string.Concat(Enumerable.Repeat("more text, 1\n", 500_000)));
        TextException fault = Assert.Throws<TextException>(() => LabelledSet.Read(path, new()));
        Assert.Equal(3, fault.Line);
    }

    [Fact]
    public void Read_DevelopmentLabelThatTrainingLacks_IsAnError()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("dev.tsv", "sentence\tlabel\na\tx\nb\tz\n");
        TextException fault = Assert.Throws<TextException>(() => LabelledSet.Read(path, new(), new LabelVocabulary(["x", "y"])));
        Assert.Equal($"{path}:3: label \"z\" does not occur in the training set, whose labels are x, y", fault.Message);
    }

    [Fact]
    public void Read_WrongColumnName_ListsTheColumns()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.tsv", "sentence\tlabel\na\tx\nb\tz\n");
        Assert.Contains("has no column \"text\"; its columns are sentence, label",
            Assert.Throws<TextException>(() => LabelledSet.Read(path, new() { TextColumns = ["text"] })).Message);
    }

    [Fact]
    public void Read_InvalidUtf8NulAndEmptyText_AreCountedWithTheirLines()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.csv", [.. "text,label\na\0,x\nb"u8, 0xFF, .. ",y\n ,y\n"u8]);
        LabelledSet set = LabelledSet.Read(path, new());
        Assert.Equal(["a\0", "b\uFFFD", " "], set.Examples.Select(example => example.First));
        Assert.Equal([3L, 2L, 4L], set.Warnings.Select(warning => warning.Line));
    }

    [Fact]
    public void Split_Labels_KeepTheirShares()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("set.tsv", "text\tlabel\n" + string.Concat(Enumerable.Range(0, 1_000).Select(i => $"{i}\t{(i % 10 == 0 ? "rare" : "common")}\n")));
        LabelledSet whole = LabelledSet.Read(path, new());
        (LabelledSet train, LabelledSet dev) = whole.Split(0.2, seed: 5);
        Assert.Equal([720, 80], train.Counts);
        Assert.Equal([180, 20], dev.Counts);
        Assert.Equal(whole.Examples.ToHashSet(), train.Examples.Concat(dev.Examples).ToHashSet());
        Assert.Equal(dev.Examples, whole.Split(0.2, seed: 5).Development.Examples);
        Assert.NotEqual(dev.Examples, whole.Split(0.2, seed: 6).Development.Examples);
    }

    [Fact]
    public void Open_FolderOrSingleFile_GivesBothSets()
    {
        using var folder = new TemporaryFolder();
        const string Header = "sentence\tlabel\n";
        string train = folder.Write("train.tsv", Header + string.Concat(Enumerable.Range(0, 40).Select(i => $"{i}\t{i % 2}\n")));
        LabelledSplits drawn = LabelledSplits.Open(train, null, new());
        Assert.Equal((36, 4), (drawn.Train.Examples.Count, drawn.Development.Examples.Count));
        string dev = folder.Write("dev_matched.tsv", Header + "a\t1\n");
        folder.Write("test.tsv", "index\tsentence\n0\tx\n");
        LabelledSplits found = LabelledSplits.Open(folder.Path, null, new());
        Assert.Equal((train, dev, 1), (found.Train.Path, found.Development.Path, Assert.Single(found.Development.Examples).Label));
    }
}
