using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Labelled;

public class SequenceFramerTests
{
    private static readonly Tokenizer Tokenizer = TestTokenizer.Instance;

    [Fact]
    public void Frame_TextOrPair_IsFramedAsRobertaDoes()
    {
        int[] a = Tokenizer.Encode("the tree1"), b = Tokenizer.Encode("espalier, the");
        SpecialTokens special = Tokenizer.Special;
        var ids = new List<int>();
        Assert.False(new SequenceFramer(Tokenizer, 64).Frame("the tree1", null, ids));
        Assert.Equal([special.Bos, .. a, special.Eos], ids);
        ids.Clear();
        Assert.False(new SequenceFramer(Tokenizer, 64).Frame("the tree1", "espalier, the", ids));
        Assert.Equal([special.Bos, .. a, special.Eos, special.Eos, .. b, special.Eos], ids);
    }

    [Theory]
    [InlineData(3, 4, 8, 3, 4)]
    [InlineData(3, 20, 8, 3, 5)]
    [InlineData(20, 3, 8, 5, 3)]
    [InlineData(20, 30, 9, 4, 5)]
    [InlineData(30, 20, 9, 5, 4)]
    [InlineData(20, 20, 9, 4, 5)]
    public void LongestFirst_TooLong_TakesFromTheLonger(int first, int second, int room, int keepFirst, int keepSecond) =>
        Assert.Equal((keepFirst, keepSecond), SequenceFramer.LongestFirst(first, second, room));

    [Fact]
    public void Frame_TooLong_HasTheMaximalLengthAndSaysSo()
    {
        string longText = string.Join(' ', TestTokenizer.Lines);
        var framer = new SequenceFramer(Tokenizer, 17);
        var ids = new List<int>();
        Assert.True(framer.Frame(longText, null, ids));
        Assert.Equal(17, ids.Count);
        ids.Clear();
        Assert.True(framer.Frame(longText, longText, ids));
        Assert.Equal(17, ids.Count);
        Assert.Equal(3, ids.Count(id => id == Tokenizer.Special.Eos));
    }
}
