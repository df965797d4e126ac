using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

public class LexiconTests
{
    private static readonly Concept[] All = [.. Lexicon.Nouns, .. Lexicon.Adjectives, .. Lexicon.IntransitiveVerbs, .. Lexicon.TransitiveVerbs, .. Lexicon.Places];

    [Fact]
    public void Words_OfOnePartOfSpeech_MeanOneThing() => Assert.All(All.GroupBy(concept => concept.Part), part =>
    {
        string[] forms = [.. part.SelectMany(concept => concept.Words).SelectMany(word => new[] { word.Base, word.Inflected }.Distinct())];
        Assert.Equal(forms.Length, forms.Distinct().Count());
    });

    [Fact]
    public void ForeignWords_AreDifferent() => Assert.Equal(All.Length, All.Select(concept => concept.Foreign).Distinct().Count());

    [Theory]
    [InlineData("goose", "geese")]
    [InlineData("pony", "ponies")]
    [InlineData("wagon", "wagons")]
    [InlineData("march", "marches")]
    [InlineData("cry", "cries")]
    [InlineData("push", "pushes")]
    [InlineData("yell", "yells")]
    public void Inflection_RegularAndIrregular_IsEnglish(string word, string inflected) =>
        Assert.Equal(inflected, All.SelectMany(concept => concept.Words).Single(form => form.Base == word).Inflected);

    [Fact]
    public void Concepts_KindsAndDimensions_ImplyAndExclude()
    {
        Concept poodle = Noun("poodle"), dog = Noun("dog"), cat = Noun("cat"), huge = Quality("huge"), big = Quality("big"), tiny = Quality("tiny"), old = Quality("old");
        Assert.True(poodle.IsA(dog) && poodle.IsA(Lexicon.Animal) && !dog.IsA(poodle));
        Assert.True(poodle.Excludes(cat) && !poodle.Excludes(dog) && poodle.Excludes(Lexicon.Person));
        Assert.True(huge.IsA(big) && huge.Excludes(tiny) && !huge.Excludes(old) && !huge.Excludes(big));
    }

    internal static Concept Noun(string word) => Find(Lexicon.Nouns, word);

    internal static Concept Quality(string word) => Find(Lexicon.Adjectives, word);

    internal static Concept Find(IReadOnlyList<Concept> table, string word) => table.Single(concept => concept.Words.Any(form => form.Base == word));
}
