using Espalier.Text.Metrics;

namespace Espalier.Tests.Text.Metrics;

public class ChrFTests
{
    [Fact]
    public void Score_SacrebleuReadmeExample_PrintsTheSameLine()
    {
        string[] hypotheses = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
        string[] first = ["The dog bit the man.", "It was not unexpected.", "The man bit him first."];
        string[] second = ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."];
        Assert.Equal("chrF2|nrefs:2|case:mixed|eff:yes|nc:6|nw:0|space:no|version:espalier-0.1.0 = 59.73",
            new ChrF().Score(hypotheses, first, second).ToString());
    }

    [Fact]
    public void Score_HuggingFaceEvaluateCard_EqualsItsValue()
    {
        string[] hypotheses = ["The relationship between cats and dogs is not exactly friendly.", "a good bookshop is just a genteel black hole that knows how to read."];
        string[] references = ["The relationship between dogs and cats is not exactly friendly.", "A good bookshop is just a genteel Black Hole that knows how to read."];
        Assert.Equal(84.64214891738334, new ChrF().Score(hypotheses, references).Score, 1e-9);
    }

    // sacrebleu's test/test_chrf.py, without epsilon smoothing.
    [Theory]
    [InlineData("a", "a", 100)]
    [InlineData("", "reference", 0)]
    [InlineData("a b c", "abc", 100)]
    [InlineData("aa", "ab", 25)]
    [InlineData("abcdefg", "hijklmnop", 0)]
    [InlineData("Niemand hat die Absicht, eine Mauer zu errichten", "Niemand hat die Absicht, eine Mauer zu errichten", 100)]
    public void Score_SacrebleuTestSuite_EqualsItsValues(string hypothesis, string reference, double expected) =>
        Assert.Equal(expected, new ChrF { Beta = 3 }.Score([hypothesis], [reference]).Score, 1e-4);

    [Fact]
    public void Score_TwoSentencesOfOneLetter_EqualsSacrebleuTestSuite() =>
        Assert.Equal(50, new ChrF { Beta = 3 }.Score(["a", "b"], ["a", "c"]).Score, 1e-4);

    [Fact]
    public void Score_ReferenceTooShortForAnOrder_CountsTheHypothesisNotThereEither() =>
        // Matches, and n-grams of the references: 11, 9, 7, 5, 4, 3; of the hypotheses 16, 14, 12 and then 5, 4, 3, for sacrebleu
        // leaves out those of an order that the sentence's reference has none of.
        Assert.Equal(95.7656, new ChrF().Score(["abcdefgh", "abcdefgh"], ["abc", "abcdefgh"]).Score, 1e-4);

    [Fact]
    public void Score_CharactersOutsideTheBasicPlane_CountAsOneEach() =>
        // One of two characters matches, and no pair: precision = recall = (1/2 + 0) / 2.
        Assert.Equal(25, new ChrF().Score(["😀😁"], ["😀😂"]).Score, 1e-9);
}
