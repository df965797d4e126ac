using Espalier.Text.Bitext;

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
}
