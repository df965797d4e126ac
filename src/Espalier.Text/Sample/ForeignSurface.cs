namespace Espalier.Text.Sample;

/// <summary>
/// Writes sentences in the second language: subject, object, verb; adjectives after their noun and with its ending; particles
/// that mark the case of a phrase from behind; places and relative clauses before the particle; a verb that agrees with its
/// subject; and a second negation on the verb of a subject or object with <c>nula</c> (no).
/// <para><c>The small dogs see no cat.</c> → <c>lo vaskoi parvoi ga nula misha om nai vidun.</c></para>
/// </summary>
internal static class ForeignSurface
{
    private const string SubjectParticle = "ga", ObjectParticle = "om", PlaceParticle = "li", RelativeParticle = "ke";
    private const string Negation = "nai", Copula = "es";

    /// <summary>The sentence, in lower case but for names, with a period.</summary>
    public static string Write(Sentence sentence)
    {
        var words = new List<string>();
        if (sentence.Conclusion)
            words.Add("ergo");
        Add(words, sentence.Subject, SubjectParticle);
        Add(words, sentence.Predicate, sentence.Subject, denied: sentence.Subject is NounPhrase { Determiner: Determiner.No });
        return string.Join(' ', words) + ".";
    }

    private static void Add(List<string> words, Nominal nominal, string particle)
    {
        switch (nominal)
        {
            case Name name:
                words.Add(name.Foreign);
                break;
            case NounPhrase phrase:
                AddPhrase(words, phrase);
                break;
        }
        words.Add(particle);
    }

    private static void AddPhrase(List<string> words, NounPhrase phrase)
    {
        words.Add(phrase.Determiner switch
        {
            Determiner.The => "lo",
            Determiner.A => "un",
            Determiner.All => "tuti",
            Determiner.Every => "omna",
            Determiner.Some => "kela",
            _ => "nula",
        });
        words.Add(Noun(phrase.Noun, phrase.Plural));
        if (phrase.Adjective is { } adjective)
            words.Add(adjective.Concept.Foreign + Ending(phrase));
        if (phrase.Place is { } place)
            words.AddRange([place.Concept.Foreign, PlaceParticle]);
        if (phrase.Relative is { } relative)
        {
            words.Add(RelativeParticle);
            Add(words, relative, phrase, denied: false);
        }
    }

    private static void Add(List<string> words, Predicate predicate, Nominal subject, bool denied)
    {
        denied |= predicate.Negated;
        switch (predicate)
        {
            case Acts acts:
                AddVerb(words, acts.Verb.Concept.Foreign, subject.Plural, denied);
                break;
            case Affects affects:
                Add(words, affects.Object, ObjectParticle);
                denied |= affects.Object is NounPhrase { Determiner: Determiner.No };
                AddVerb(words, affects.Verb.Concept.Foreign, subject.Plural, denied);
                break;
            case AffectedBy affected:
                Add(words, affected.Agent, SubjectParticle);
                AddVerb(words, affected.Verb.Concept.Foreign, affected.Agent.Plural, denied: false);
                break;
            case Is quality:
                words.Add(quality.Adjective.Concept.Foreign + Ending(subject));
                AddVerb(words, Copula, subject.Plural, denied);
                break;
            case IsKind kind:
                words.Add(Noun(kind.Noun, subject.Plural));
                AddVerb(words, Copula, subject.Plural, denied);
                break;
        }
    }

    private static void AddVerb(List<string> words, string stem, bool plural, bool denied)
    {
        if (denied)
            words.Add(Negation);
        words.Add(stem + (plural ? "un" : "it"));
    }

    private static string Noun(Use noun, bool plural) => noun.Concept.Foreign[..^1] + Ending(noun.Concept.Foreign, plural);

    private static string Ending(Nominal nominal) =>
        nominal is NounPhrase phrase ? Ending(phrase.Noun.Concept.Foreign, phrase.Plural) : Ending(((Name)nominal).Foreign, plural: false);

    // The gender is told by the last letter: -a, plural -ae; all else -o, plural -oi.
    private static string Ending(string word, bool plural) => (word[^1] == 'a', plural) switch
    {
        (true, false) => "a",
        (true, true) => "ae",
        (false, false) => "o",
        (false, true) => "oi",
    };
}
