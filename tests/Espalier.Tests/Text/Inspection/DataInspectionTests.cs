using Espalier.Tests.Text.Corpora;
using Espalier.Text.Corpora;
using Espalier.Text.Inspection;

namespace Espalier.Tests.Text.Inspection;

public class DataInspectionTests
{
    [Fact]
    public void Lengths_OfAHundredDocuments_AreExact()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", string.Join('\n', Enumerable.Range(1, 100).Reverse().Select(i => string.Join(' ', Enumerable.Repeat("word", i)))));
        InspectionReport report = new DataInspection(new()).Corpus([file], DocumentLayout.Line);
        Assert.Equal(100, report.Count);
        Assert.Equal(new LengthSummary("document", "words", 5050, 50.5, 1, 50, 90, 99, 100), Assert.Single(report.Lengths));
    }

    [Fact]
    public void Labelled_WithTokenizer_TellsBalanceTruncationAndDecodedSamples()
    {
        using var folder = new TemporaryFolder();
        string tooLong = string.Join(' ', TestTokenizer.Lines);
        string file = folder.Write("set.tsv", $"sentence1\tsentence2\tlabel\nthe tree1\tthe\tneutral\n{tooLong}\tthe\tentailment\nthe\tthe\tneutral\n");
        var inspection = new DataInspection(new() { Tokenizer = TestTokenizer.Instance, MaxLength = 20, Samples = 3 });
        InspectionReport report = inspection.Labelled(file, new());
        Assert.Equal([new("entailment", 1, 1 / 3.0), new("neutral", 2, 2 / 3.0)], report.Labels);
        Assert.Equal((1L, 20), (report.Truncation!.Count, report.Truncation.MaxLength));
        Assert.Equal(["sentence1", "sentence2"], report.Lengths.Select(length => length.Of));
        Assert.Equal(TestTokenizer.Instance.Encode(tooLong).Length, report.Lengths[0].Max);
        Assert.Equal("<s>the tree1</s></s>the</s>", report.Samples[0].Text);
    }

    [Fact]
    public void Samples_OfAStream_AreDrawnFromAllOfItAndDependOnTheSeed()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", string.Join('\n', Enumerable.Range(0, 1_000)));
        long[] drawn = [.. Enumerable.Range(1, 40).SelectMany(seed =>
            new DataInspection(new() { Seed = (ulong)seed }).Corpus([file], DocumentLayout.Line).Samples.Select(sample => sample.Index))];
        Assert.Equal(120, drawn.Length);
        Assert.True(drawn.Distinct().Count() > 90);
        Assert.InRange(drawn.Average(), 400, 600);
    }

    [Fact]
    public void Prepared_Folder_TellsBothParts()
    {
        using var folder = new TemporaryFolder();
        CorpusManifest manifest = CorpusPreparationTests.Prepare(folder, CorpusPreparationTests.Documents(500), new() { HeldOutFraction = 0.1 }, "out");
        IReadOnlyList<InspectionReport> reports = new DataInspection(new()).Prepared(folder["out"]);
        Assert.Equal([manifest.Train.Documents, manifest.HeldOut.Documents], reports.Select(report => report.Count));
        Assert.Equal([manifest.Train.Tokens, manifest.HeldOut.Tokens], reports.Select(report => report.Lengths[0].Total));
        Assert.All(reports[1].Samples, sample => Assert.Equal(TestTokenizer.Lines[int.Parse(sample.Text.Split(' ')[^1]) % 200], sample.Text[..sample.Text.LastIndexOf(' ')]));
    }
}
