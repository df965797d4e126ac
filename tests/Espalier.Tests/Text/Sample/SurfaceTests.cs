using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

public class SurfaceTests
{
    private static Use Noun(string word) => new(LexiconTests.Noun(word), 0);

    private static Use Quality(string word) => new(LexiconTests.Quality(word), 0);

    private static Use Verb(string word) => new(LexiconTests.Find(Lexicon.IntransitiveVerbs, word), 0);

    private static Use Deed(string word) => new(LexiconTests.Find(Lexicon.TransitiveVerbs, word), 0);

    private static Use Place(string words) => new(LexiconTests.Find(Lexicon.Places, words), 0);

    public static TheoryData<string, string, string> Sentences => new()
    {
        { "attraction", "The dog near the trees that the children see sleeps.", "lo vasko arbas li ke lo ninoi ga vidun ga dormit." },
        { "negation", "Some dogs do not chase any cat.", "kela vaskoi ga kela misha om nai chasun." },
        { "no", "No dog chases any cats.", "nula vasko ga kela mishae om nai chasit." },
        { "concord", "Every dog chases no cat.", "omna vasko ga nula misha om nai chasit." },
        { "article", "So Ada is an owl.", "ergo Ada ga uhuro esit." },
        { "gender", "All happy geese are not small.", "tuti gandae felikae ga parvae nai esun." },
    };

    private static Sentence Build(string name) => name switch
    {
        "attraction" => new Sentence(
            new NounPhrase(Determiner.The, false, Noun("dog"), null, Place("near the trees"),
                new AffectedBy(Deed("see"), new NounPhrase(Determiner.The, true, Noun("child")))),
            new Acts(false, Verb("sleep"))),
        "negation" => new Sentence(new NounPhrase(Determiner.Some, true, Noun("dog")),
            new Affects(true, Deed("chase"), new NounPhrase(Determiner.Some, false, Noun("cat")))),
        "no" => new Sentence(new NounPhrase(Determiner.No, false, Noun("dog")),
            new Affects(false, Deed("chase"), new NounPhrase(Determiner.Some, true, Noun("cat")))),
        "concord" => new Sentence(new NounPhrase(Determiner.Every, false, Noun("dog")),
            new Affects(false, Deed("chase"), new NounPhrase(Determiner.No, false, Noun("cat")))),
        "article" => new Sentence(new Name("Ada", "Ada"), new IsKind(false, Noun("owl")), Conclusion: true),
        _ => new Sentence(new NounPhrase(Determiner.All, true, Noun("goose"), Quality("happy")), new Is(true, Quality("small"))),
    };

    [Theory]
    [MemberData(nameof(Sentences))]
    public void Write_Construction_FollowsTheGrammarOfBothLanguages(string name, string english, string foreign)
    {
        Sentence sentence = Build(name);
        Assert.Equal(english, EnglishSurface.Write(sentence));
        Assert.Equal(foreign, ForeignSurface.Write(sentence));
    }

    [Fact]
    public void Write_NestedRelativeClauses_AgreeEachWithItsOwnNoun()
    {
        var bird = new NounPhrase(Determiner.Some, false, Noun("bird"), null, null, new Acts(true, Verb("sleep")));
        var cats = new NounPhrase(Determiner.All, true, Noun("cat"), Quality("small"), null, new Affects(false, Deed("see"), bird));
        var sentence = new Sentence(cats, new Is(false, Quality("happy")));
        Assert.Equal("All small cats that see some bird that does not sleep are happy.", EnglishSurface.Write(sentence));
        Assert.Equal("tuti mishae parvae ke kela pavia ke nai dormit om vidun ga felikae esun.", ForeignSurface.Write(sentence));
    }
}
