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
}
