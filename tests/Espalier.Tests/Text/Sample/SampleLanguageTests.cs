using System.Text;
using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

public class SampleLanguageTests
{
    private static readonly SampleLanguage Language = new(7);

    private static string[] Sentences(string document) => [.. document.TrimEnd('.').Split(". ")];

    [Fact]
    public void Documents_Each_ContradictsItselfNowhere()
    {
        // "Ada is not wet" after "Ada is wet": plain sentences about a name, with their denials.
        int denials = 0;
        foreach (string document in Language.Documents().Take(300))
        {
            HashSet<string> said = [.. Sentences(document)];
            foreach (string sentence in said.Where(s => s.Contains(" is not ") && s.Split(' ').Length == 4 && !s.StartsWith("No ")))
            {
                denials++;
                Assert.DoesNotContain(sentence.Replace(" is not ", " is "), said);
            }
        }
        Assert.True(denials > 50);
    }

    [Fact]
    public void Documents_EndOfOne_RepeatsItsOwnBeginningMoreThanAnothers()
    {
        string[] documents = [.. Language.Documents().Where(document => Sentences(document).Length >= 8).Take(300)];
        double own = Enumerable.Range(0, 300).Average(i => Repeated(documents[i], documents[i]));
        double others = Enumerable.Range(0, 300).Average(i => Repeated(documents[i], documents[(i + 1) % 300]));
        Assert.True(own > 1.3 * others, $"{own:P0} of the words in a second half occur in the first half, {others:P0} in that of another document");

        static double Repeated(string document, string before)
        {
            string[] end = document[(document.Length / 2)..].Split(' ', '.'), start = before[..(before.Length / 2)].Split(' ', '.');
            return end.Count(start.Contains) / (double)end.Length;
        }
    }

    [Fact]
    public void Documents_Lengths_AreAsPromised() =>
        Assert.All(Language.Documents().Take(300), document => Assert.InRange(Sentences(document).Length, 6, 18));

    [Fact]
    public void Translations_OneSource_HasOneTarget() => Assert.All(
        Language.Translations(SampleSplit.Train).Take(5_000).GroupBy(pair => pair.Source),
        group => Assert.Single(group.Select(pair => pair.Target).Distinct()));

    [Fact]
    public void Translations_NoSourceOccursInTwoSplits()
    {
        HashSet<string>[] sources = [.. Enum.GetValues<SampleSplit>().Select(split => Language.Translations(split).Take(1_500).Select(pair => pair.Source).ToHashSet())];
        Assert.False(sources[0].Overlaps(sources[1]) || sources[0].Overlaps(sources[2]) || sources[1].Overlaps(sources[2]));
    }

    [Fact]
    public void Acceptability_Neighbours_DifferInOneVerb()
    {
        foreach (JudgedSentence[] pair in Language.Acceptability(SampleSplit.Train).Take(4_000).Chunk(2))
        {
            Assert.NotEqual(pair[0].Acceptable, pair[1].Acceptable);
            string[] one = pair[0].Text.Split(' '), other = pair[1].Text.Split(' ');
            Assert.Equal(one.Length, other.Length);
            (string a, string b) = Assert.Single(one.Zip(other), words => words.First != words.Second);
            // sees / see, does / do, carries / carry, is / are
            Assert.True(a.TrimEnd('.') is "is" or "are" || a[..2] == b[..2], $"{a} / {b}");
        }
    }

    [Fact]
    public void Acceptability_WrongSentence_IsNeverSaid()
    {
        HashSet<string> said = [.. Language.Acceptability(SampleSplit.Train).Take(20_000).Where(s => s.Acceptable).Select(s => s.Text)];
        said.UnionWith(Language.Documents().Take(2_000).SelectMany(Sentences).Select(s => s + "."));
        Assert.All(Language.Acceptability(SampleSplit.Train).Take(20_000).Where(s => !s.Acceptable), s => Assert.DoesNotContain(s.Text, said));
    }

    [Fact]
    public void Acceptability_NoRightSentenceOccursInTwoSplits()
    {
        HashSet<string>[] right = [.. Enum.GetValues<SampleSplit>()
            .Select(split => Language.Acceptability(split).Take(3_000).Where(s => s.Acceptable).Select(s => s.Text).ToHashSet())];
        Assert.False(right[0].Overlaps(right[1]) || right[0].Overlaps(right[2]) || right[1].Overlaps(right[2]));
    }

    // The text of a seed is part of what the program promises: results are compared across versions and machines. These sums
    // are FNV-1a over the first lines; a change of grammar or vocabulary changes them knowingly.
    [Fact]
    public void Text_Seed7_IsTheSameEverywhere()
    {
        Assert.Equal("7aec2c9d12c255b0", Sum(Language.Documents().Take(50)));
        Assert.Equal("8d1cee8e836e79d4", Sum(Language.Entailment(SampleSplit.Test).Take(90).Select(pair => $"{pair.Premise}{pair.Hypothesis}{pair.Label}")));
        Assert.Equal("c6c55a2c1643a96b", Sum(Language.Acceptability(SampleSplit.Train).Take(100).Select(s => $"{s.Text}{s.Acceptable}")));
        Assert.Equal("9ca49385d520ec12", Sum(Language.Translations(SampleSplit.Dev).Take(100).Select(pair => pair.Source + pair.Target)));
    }

    private static string Sum(IEnumerable<string> lines) => Encoding.UTF8.GetBytes(string.Concat(lines))
        .Aggregate(14695981039346656037UL, (hash, b) => (hash ^ b) * 1099511628211UL).ToString("x16");
}
