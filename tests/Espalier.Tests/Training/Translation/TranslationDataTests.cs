using Espalier.Text.Bitext;
using Espalier.Training.Translation;

namespace Espalier.Tests.Training.Translation;

public class TranslationDataTests
{
    [Fact]
    public void ContextFreeLoss_IsThatOfTheTrainingTargetsCounts()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        TranslationData data = TranslationData.Read(SmallTranslation.Configuration(folder), tokenizer: null);

        // By the letter, from the files: the end is a token of each sentence.
        int[] Tokens(string file) => [.. File.ReadLines(folder[file]).SelectMany(line => data.Tokenizer.Encode(line).Append(data.Tokenizer.Special.Eos))];
        int[] train = Tokens("train.b"), development = Tokens("dev.b");
        ILookup<int, int> seen = train.ToLookup(token => token);
        double expected = development.Average(token => -Math.Log((seen[token].Count() + 1.0) / (train.Length + data.Tokenizer.VocabularySize)));

        Assert.Equal(expected, data.ContextFreeLoss(), 9);
    }

    [Fact]
    public void Read_LargeDevelopmentSet_IsMeasuredByAPartOfItThatIsSpreadOverIt()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        string[] lines = [.. Enumerable.Range(0, 2 * TranslationData.MostDevelopment).Select(i => $"one {i}")];
        File.WriteAllLines(folder["dev.a"], lines);
        File.WriteAllLines(folder["dev.b"], lines);
        TranslationData data = TranslationData.Read(SmallTranslation.Configuration(folder), tokenizer: null);
        Assert.Equal(lines.Where((_, i) => i % 2 == 0), data.Development.Texts.Select(t => t.Target));
        Assert.Equal(TranslationData.MostDevelopment, data.Development.Sources.Count);
    }

    [Fact]
    public void Read_FileThatIsNamedTwice_LearnsNothingThatIsHeldOut()
    {
        using var folder = new TemporaryFolder();
        string[] lines = [.. Enumerable.Range(0, 75).Select(i => $"one {i}")];
        File.WriteAllLines(folder["train.a"], lines);
        File.WriteAllLines(folder["train.b"], lines);
        TranslationConfiguration c = SmallTranslation.Configuration(folder) with
        {
            Corpus = new ParallelCorpus { TrainSource = [folder["train.a"], folder["train.a"]], TrainTarget = [folder["train.b"], folder["train.b"]] },
        };
        TranslationData data = TranslationData.Read(c, tokenizer: null);
        Assert.Equal(15, data.Development.Sources.Count);
        Assert.Equal(2 * (75 - data.Development.Texts.Distinct().Count()), data.Train.Sources.Count);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(19)]
    [InlineData(160)]
    public void Read_WithoutDevelopmentSet_HoldsATenthOfThePairsOut(int pairs)
    {
        using var folder = new TemporaryFolder();
        string[] lines = [.. Enumerable.Range(0, pairs).Select(i => $"one {i}")];
        // Of two files, with a pair that a filter leaves out.
        File.WriteAllLines(folder["train.a"], lines[..(pairs / 2)]);
        File.WriteAllLines(folder["train.b"], lines[..(pairs / 2)]);
        File.WriteAllLines(folder["more.a"], [.. lines[(pairs / 2)..], ""]);
        File.WriteAllLines(folder["more.b"], [.. lines[(pairs / 2)..], "empty"]);
        TranslationConfiguration c = SmallTranslation.Configuration(folder) with
        {
            Corpus = new ParallelCorpus { TrainSource = [folder["train.a"], folder["more.a"]], TrainTarget = [folder["train.b"], folder["more.b"]] },
        };
        TranslationData data = TranslationData.Read(c, tokenizer: null);
        string[] heldOut = [.. data.Development.Texts.Select(t => t.Source)];
        string[] train = [.. Enumerable.Range(0, data.Train.Sources.Count).Select(i => data.Tokenizer.Decode(data.Train.Sources[i]).Trim())];
        Assert.Equal(lines.Order(), train.Concat(heldOut).Order());
        Assert.Equal(Math.Max(1, (pairs + 1) / 10), heldOut.Length);
        Assert.Equal(heldOut, TranslationData.ReadDevelopment(c.Corpus, data.Tokenizer, c.MaximumTokens).Texts.Select(t => t.Source));
    }
}
