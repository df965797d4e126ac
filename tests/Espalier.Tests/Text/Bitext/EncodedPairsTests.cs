using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Bitext;

public class EncodedPairsTests
{
    [Fact]
    public void Encode_SeveralSets_PutsThemOneBehindTheOtherAndTellsWhatEachLeftOut()
    {
        using var folder = new TemporaryFolder();
        var one = new ParallelSetOptions { Source = folder.Write("a", "the\n\ntree1\n"), Target = folder.Write("b", "tree1\nthe\nthe\n") };
        var two = new ParallelSetOptions { Source = folder.Write("c", "espalier,\nthe the the the the the\n"), Target = folder.Write("d", "the\nthe\n") };
        EncodedPairs pairs = EncodedPairs.Encode([one, two], TestTokenizer.Instance, maxLength: 6);
        string Text(ReadOnlySpan<int> ids) => TestTokenizer.Instance.Decode(ids).Trim();
        Assert.Equal(["the", "tree1", "espalier,"], Enumerable.Range(0, pairs.Sources.Count).Select(i => Text(pairs.Sources[i])));
        Assert.Equal(["tree1", "the", "the"], Enumerable.Range(0, pairs.Targets.Count).Select(i => Text(pairs.Targets[i])));
        Assert.Equal(2, pairs.Warnings.Count);
        Assert.Contains(folder["a"], pairs.Warnings[0].ToString());
        Assert.Contains(folder["c"], pairs.Warnings[1].ToString());
    }

    [Fact]
    public void Spread_FewerThanThereAre_TakesPairsWithTheirReferencesFromAllOverTheSet()
    {
        using var folder = new TemporaryFolder();
        string[] words = ["the", "tree", "tree1", "the the", "espalier,", "tree tree"];
        var set = new ParallelSetOptions
        {
            Source = folder.Write("a", string.Join('\n', words) + "\n"),
            Target = folder.Write("b", string.Join('\n', words.Select(w => w + "!")) + "\n"),
        };
        EncodedPairs pairs = EncodedPairs.Encode(set, TestTokenizer.Instance, maxLength: 64, keepTexts: true), some = pairs.Spread(3);
        string Text(ReadOnlySpan<int> ids) => TestTokenizer.Instance.Decode(ids).Trim();
        Assert.Equal(["the", "tree1", "espalier,"], Enumerable.Range(0, some.Sources.Count).Select(i => Text(some.Sources[i])));
        Assert.Equal(["the!", "tree1!", "espalier,!"], Enumerable.Range(0, some.Targets.Count).Select(i => Text(some.Targets[i])));
        Assert.Equal(["the!", "tree1!", "espalier,!"], some.Texts.Select(t => t.Target));
        Assert.Same(pairs, pairs.Spread(6));
    }

    [Fact]
    public void Encode_SpecialTokensAndWhiteSpace_AreTextAndNothing()
    {
        using var folder = new TemporaryFolder();
        var set = new ParallelSetOptions
        {
            Source = folder.Write("a", " the </s> tree1\t\nthe\n\u00A0\nthe\rtree1\n"),
            Target = folder.Write("b", "<s>the \n \u00A0<unk>\nthe\nthe\n"),
        };
        EncodedPairs pairs = EncodedPairs.Encode(set, TestTokenizer.Instance, maxLength: 64, keepTexts: true);
        SpecialTokens special = TestTokenizer.Instance.Special;
        string Text(ReadOnlySpan<int> ids) => TestTokenizer.Instance.Decode(ids, skipSpecial: false);
        Assert.Equal(["the </s> tree1", "the", "the tree1"], Enumerable.Range(0, 3).Select(i => Text(pairs.Sources[i]).TrimStart()));
        Assert.Equal(["<s>the", "<unk>", "the"], Enumerable.Range(0, 3).Select(i => Text(pairs.Targets[i]).TrimStart()));
        Assert.Equal(["<s>the", "<unk>", "the"], pairs.Texts.Select(t => t.Target));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(-1, pairs.Sources[i].IndexOfAny([special.Bos, special.Eos, special.Unknown])));
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(-1, pairs.Targets[i].IndexOfAny([special.Bos, special.Eos, special.Unknown])));
        Assert.Equal((3, 1), Assert.Single(pairs.Warnings) is var warning ? (warning.Line, warning.Count) : default);
    }
}
