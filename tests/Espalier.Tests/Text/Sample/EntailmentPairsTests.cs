using Espalier.Text.Sample;
using Xunit.Abstractions;

namespace Espalier.Tests.Text.Sample;

public class EntailmentPairsTests(ITestOutputHelper output)
{
    private const ulong Seed = 7;
    private static readonly Lazy<List<EntailmentPair>> Train = new(() => [.. Pairs(SampleSplit.Train).Take(6_000)]);
    private static readonly Lazy<List<EntailmentPair>> Dev = new(() => [.. Pairs(SampleSplit.Dev).Take(900)]);
    private static readonly Lazy<List<EntailmentPair>> Test = new(() => [.. Pairs(SampleSplit.Test).Take(1_800)]);

    private static IEnumerable<EntailmentPair> Pairs(SampleSplit split) => new SampleLanguage(Seed).Entailment(split);

    [Fact]
    public void Labels_AgreeWithAModelCheckerThatLooksAtSmallWorlds()
    {
        EntailmentPair[] pairs = [.. Train.Value.Take(1_500), .. Dev.Value.Take(300)];
        // What few worlds show may be half of the truth about a neutral pair; many more must then show the other half.
        static EntailmentLabel? Look(EntailmentPair pair) =>
            ModelChecker.Label(pair, 2_000) is { } label && label == pair.Label ? label : ModelChecker.Label(pair, 200_000);
        string[] wrong = [.. pairs.Select(pair => (pair, Found: Look(pair))).Where(x => x.Found != x.pair.Label)
            .Select(x => $"{x.pair.Premise} / {x.pair.Hypothesis}: {x.pair.Label}, but the worlds say {x.Found}")];
        Assert.Empty(wrong);
    }

    [Fact]
    public void Labels_CountingWords_IsNearChance()
    {
        static int Label(EntailmentPair pair) => (int)pair.Label;
        double regression = BagOfWords.LogisticRegression(Train.Value, Test.Value, BagOfWords.PremiseAndHypothesis, Label);
        double bayes = BagOfWords.NaiveBayes(Train.Value, Test.Value, BagOfWords.PremiseAndHypothesis, Label);
        double hypothesis = BagOfWords.LogisticRegression(Train.Value, Test.Value, BagOfWords.HypothesisOnly, Label);
        output.WriteLine($"logistic regression {regression:P1}, naive Bayes {bayes:P1}, hypothesis only {hypothesis:P1}");
        Assert.InRange(regression, 0.25, 0.40);
        Assert.InRange(bayes, 0.25, 0.40);
        Assert.InRange(hypothesis, 0.25, 0.40);
    }

    [Fact]
    public void BagOfWords_LabelThatOneWordTells_IsLearnt()
    {
        // The classifiers that fail above do work.
        static int FirstWord(EntailmentPair pair) => pair.Hypothesis[0] switch { 'N' => 0, 'S' => 1, _ => 2 };
        Assert.True(BagOfWords.LogisticRegression(Train.Value, Test.Value, BagOfWords.HypothesisOnly, FirstWord) > 0.95);
        Assert.True(BagOfWords.NaiveBayes(Train.Value, Test.Value, BagOfWords.HypothesisOnly, FirstWord) > 0.8);
    }

    [Fact]
    public void Labels_SharedWords_TellLittle()
    {
        // The best rule of the form "that share so large a part of their words" for each label, chosen on the test set itself.
        static int Shared(EntailmentPair pair)
        {
            HashSet<string> premise = [.. pair.Premise.TrimEnd('.').ToLowerInvariant().Split(' ')];
            string[] hypothesis = pair.Hypothesis.TrimEnd('.').ToLowerInvariant().Split(' ');
            return 10 * hypothesis.Count(premise.Contains) / hypothesis.Length;
        }
        double best = Test.Value.GroupBy(Shared).Sum(group => group.CountBy(pair => pair.Label).Max(count => count.Value)) / (double)Test.Value.Count;
        output.WriteLine($"shared words {best:P1}");
        Assert.InRange(best, 0.33, 0.50);
    }

    [Fact]
    public void Labels_AnyMultipleOfThree_AreBalanced() => Assert.All(
        new[] { Train.Value, Dev.Value, Test.Value },
        pairs => Assert.All(pairs.CountBy(pair => pair.Label), count => Assert.Equal(pairs.Count / 3, count.Value)));

    [Fact]
    public void Labels_EverySentence_OccursUnderEachEquallyOftenOnItsSide()
    {
        // But for the hypotheses of the block that the sample cuts off, which is the last.
        HashSet<string> cut = [.. Train.Value.TakeLast(200).Select(pair => pair.Hypothesis)];
        foreach (Func<EntailmentPair, string> side in (Func<EntailmentPair, string>[])[pair => pair.Premise, pair => pair.Hypothesis])
        {
            foreach (IGrouping<string, EntailmentPair> pairs in Train.Value.GroupBy(side).Where(group => !cut.Contains(group.Key)))
                Assert.All(Enum.GetValues<EntailmentLabel>(), label => Assert.Equal(pairs.Count() / 3.0, pairs.Count(pair => pair.Label == label)));
        }
    }

    [Fact]
    public void Splits_NoSentenceOccursInTwo()
    {
        static HashSet<string> Sentences(List<EntailmentPair> pairs) => [.. pairs.SelectMany(pair => new[] { pair.Premise, pair.Hypothesis })];
        HashSet<string> train = Sentences(Train.Value), dev = Sentences(Dev.Value), test = Sentences(Test.Value);
        Assert.False(train.Overlaps(dev) || train.Overlaps(test) || dev.Overlaps(test));
        Assert.True(train.Count > Train.Value.Count / 3);
    }

    [Fact]
    public void Pairs_AreVaried()
    {
        Assert.True(Train.Value.Distinct().Count() > 0.98 * Train.Value.Count);
        Assert.All(Train.Value, pair => Assert.NotEqual(pair.Premise, pair.Hypothesis));
    }

    [Fact]
    public void Pairs_SameSeed_AreTheSame_AnotherSeed_AreOthers()
    {
        Assert.Equal(Train.Value.Take(200), Pairs(SampleSplit.Train).Take(200));
        Assert.NotEqual(Train.Value.Take(20), new SampleLanguage(Seed + 1).Entailment(SampleSplit.Train).Take(20));
    }
}
