using Espalier.Text;
using Espalier.Text.Metrics;
using Espalier.Text.Randomness;
using FsCheck;
using FsCheck.Fluent;

namespace Espalier.Tests.Text.Metrics;

public class BleuTests
{
    // The example of sacrebleu's README and of its test suite (test/test_bleu.py).
    private static readonly string[] Dog = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];
    private static readonly string[] First = ["The dog bit the man.", "It was not unexpected.", "The man bit him first."];
    private static readonly string[] Second = ["The dog had bit the man.", "No one was surprised.", "The man had bitten the dog."];

    // The example of sacrebleu's test/test_sentence_bleu.py.
    private const string Sugar = "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;";
    private const string SugarReference = "producţia de zahăr brut se exprimă în zahăr alb;";

    [Fact]
    public void Score_SacrebleuReadmeExample_PrintsTheSameLine() => Assert.Equal(
        "BLEU|nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:espalier-0.1.0 = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)",
        new Bleu().Score(Dog, First, Second).ToString());

    [Fact]
    public void Score_SacrebleuReadmeExampleWithAMissingReference_PrintsTheSameLine() => Assert.Equal(
        "BLEU|nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:espalier-0.1.0 = 29.44 82.4/42.9/27.3/12.5 (BP = 0.889 ratio = 0.895 hyp_len = 17 ref_len = 19)",
        new Bleu().Score(Dog, ["", .. First[1..]], Second).ToString());

    [Fact]
    public void Score_SacrebleuTestSuite_EqualsItsValues()
    {
        Assert.Equal(48.530827, new Bleu().Score(Dog, First, Second).Score, 1e-6);
        Assert.Equal(49.1919566, new Bleu { Tokenization = WordTokenization.None }.Score(Dog, First, Second).Score, 1e-6);
        Assert.Equal(48.530827, new Bleu { Smoothing = BleuSmoothing.None }.Score(Dog, First, Second).Score, 1e-6);
        Assert.Equal(0, new Bleu().Score(["", "", ""], First, Second).Score);
    }

    [Theory]
    [InlineData("13a", BleuSmoothing.Exponential, 8.493)]
    [InlineData("13a", BleuSmoothing.None, 0)]
    [InlineData("none", BleuSmoothing.Exponential, 7.347)]
    public void Score_SacrebleuSentenceTest_EqualsItsValues(string tokenization, BleuSmoothing smoothing, double expected)
    {
        var bleu = new Bleu
        {
            Tokenization = tokenization == "13a" ? WordTokenization.Mteval13a : WordTokenization.None,
            Smoothing = smoothing,
            EffectiveOrder = true,
        };
        Assert.Equal(expected, bleu.Score([Sugar], [SugarReference]).Score, 1e-3);
    }

    [Theory]
    [InlineData("this is a cat", "okay thanks", 0)] // no match at all scores 0 in spite of smoothing
    [InlineData("test", "a test", 36.78794411714425)]
    [InlineData("a test", "a test", 100)]
    public void Score_ShortSentenceWithEffectiveOrder_EqualsSacrebleuTestSuite(string hypothesis, string reference, double expected) =>
        Assert.Equal(expected, new Bleu { EffectiveOrder = true }.Score([hypothesis], [reference]).Score, 1e-8);

    [Fact]
    public void Score_HuggingFaceEvaluateCard_EqualsItsValues()
    {
        // The example of the sacrebleu card of Hugging Face's evaluate, with its references turned into sets.
        BleuScore score = new Bleu().Score(["hello there general kenobi", "on our way to ankh morpork"],
            ["hello there general kenobi", "goodbye ankh morpork"], ["hello there !", "ankh morpork"]);
        Assert.Equal(39.76353643835252, score.Score, 1e-9);
        Assert.Equal([6, 4, 2, 1], score.Correct);
        Assert.Equal([10, 8, 6, 4], score.Total);
        Assert.Equal((10, 7, 1.0), (score.HypothesisLength, score.ReferenceLength, score.BrevityPenalty));
    }

    [Fact]
    public void Compute_CountsOfSacrebleuTestSuite_EqualsItsValue() =>
        Assert.Equal(83.75922397, new Bleu().Compute([11, 11, 9, 7, 5, 3, 10, 8, 6, 4], "").Score, 1e-6);

    [Fact]
    public void Score_Lowercase_IgnoresCaseAndSaysSo()
    {
        BleuScore score = new Bleu { Lowercase = true }.Score(["THE DOG BIT THE MÄN."], ["The dog bit the män."]);
        Assert.Equal(100, score.Score, 1e-9);
        Assert.Contains("case:lc|", score.Signature);
    }

    [Fact]
    public void CompoundSplit_HyphenatedWords_MatchInParts()
    {
        Bleu paper = Bleu.CompoundSplit(WordTokenization.None);
        BleuScore score = paper.Score(["a well-known and much-loved tale is told"], ["a well-known and much-admired tale is told"]);
        // Worked by hand: 11 words of which 10 match, then 8 of 10, 6 of 9 and 4 of 8 n-grams.
        Assert.Equal([10, 8, 6, 4], score.Correct);
        Assert.Equal([11, 10, 9, 8], score.Total);
        Assert.Equal("nrefs:1|case:mixed|eff:no|tok:none+atat|smooth:none|version:espalier-0.1.0", score.Signature);
    }

    [Fact]
    public void Score_LineFeedAtTheEnd_IsNoPartOfTheSentence()
    {
        // Else the rule that rejoins words hyphenated at a line's end would take the dash away.
        BleuScore score = new Bleu().Score(["one two three -\n"], ["one two three -"]);
        Assert.Equal(100, score.Score, 1e-9);
        Assert.Equal(4, score.HypothesisLength);
    }

    [Fact]
    public void Score_UnequalNumbersOfLines_SaysBothCounts()
    {
        TextException fault = Assert.Throws<TextException>(() => new Bleu().Score(["a", "b"], ["a", "b"], ["a"]));
        Assert.Contains("2 translations but 1 references in set 2", fault.Message);
    }

    [Fact]
    public void Score_NoReferenceForASentence_SaysWhich() =>
        Assert.Contains("sentence 2", Assert.Throws<TextException>(() => new Bleu().Score(["a", "b"], ["a", ""])).Message);

    // Corpora of 1 … 8 sentences of 4 … 12 words from a vocabulary small enough for n-grams to repeat.
    private static readonly Gen<string[]> Corpora = Gen.Choose(4, 12)
        .SelectMany(length => Gen.ArrayOf(Gen.Elements("a", "the", "cat", "sat", "on", "mat", "3.5", "well-known", "Zürich", "!"), length))
        .Select(words => string.Join(' ', words)).NonEmptyListOf().Select(lines => lines.Take(8).ToArray());

    private static void ForAll(Func<string[], string[], CounterRandom, bool> holds) =>
        Prop.ForAll(Corpora.ToArbitrary(), Corpora.ToArbitrary(), ArbMap.Default.ArbFor<ulong>(), (left, right, seed) =>
        {
            int lines = Math.Min(left.Length, right.Length);
            return holds(left[..lines], right[..lines], new CounterRandom(seed, Purpose.Samples));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Score_TextAgainstItself_Is100() =>
        ForAll((text, _, _) => Math.Abs(new Bleu().Score(text, text).Score - 100) < 1e-9);

    [Fact]
    public void Score_AnyText_LiesBetween0And100() =>
        ForAll((text, other, _) => new Bleu().Score(text, other).Score is >= 0 and <= 100);

    [Fact]
    public void Score_SentencesInAnotherOrder_IsTheSame() => ForAll((text, other, random) =>
    {
        var order = Enumerable.Range(0, text.Length).ToList();
        random.Shuffle(order);
        double shuffled = new Bleu().Score([.. order.Select(i => text[i])], [.. order.Select(i => other[i])]).Score;
        return new Bleu().Score(text, other).Score == shuffled;
    });

    [Fact]
    public void Score_LongerThanReference_HasNoBrevityPenalty() => ForAll((text, other, _) =>
        new Bleu().Score([.. text.Zip(other, (a, b) => $"{a} {b}")], other).BrevityPenalty == 1);

    [Fact]
    public void Score_OneMoreReference_MatchesNoLess() => ForAll((text, other, _) =>
        new Bleu().Score(text, other, text).Correct.Zip(new Bleu().Score(text, other).Correct).All(pair => pair.First >= pair.Second));
}
