namespace Espalier.Text.Sample;

/// <summary>Writes sentences in English word order, with the agreement of subject and verb.</summary>
internal static class EnglishSurface
{
    /// <summary>The sentence with a capital and a period.</summary>
    public static string Write(Sentence sentence)
    {
        var words = new List<string>();
        if (sentence.Conclusion)
            words.Add("so");
        bool denied = sentence.Subject is NounPhrase { Determiner: Determiner.No };
        Add(words, sentence.Subject, denied: false);
        Add(words, sentence.Predicate, sentence.Subject.Plural, denied);
        string text = string.Join(' ', words);
        return char.ToUpperInvariant(text[0]) + text[1..] + ".";
    }

    private static void Add(List<string> words, Nominal nominal, bool denied)
    {
        if (nominal is Name name)
        {
            words.Add(name.Text);
            return;
        }
        var phrase = (NounPhrase)nominal;
        string noun = phrase.Plural ? phrase.Noun.Word.Inflected : phrase.Noun.Word.Base;
        string next = phrase.Adjective?.Word.Base ?? noun;
        words.Add(phrase.Determiner switch
        {
            Determiner.A => "aeiou".Contains(next[0]) ? "an" : "a",
            Determiner.Some when denied => "any",
            _ => phrase.Determiner.ToString().ToLowerInvariant(),
        });
        if (phrase.Adjective is { } adjective)
            words.Add(adjective.Word.Base);
        words.Add(noun);
        if (phrase.Place is { } place)
            words.Add(place.Word.Base);
        if (phrase.Relative is { } relative)
        {
            words.Add("that");
            Add(words, relative, phrase.Plural, denied: false);
        }
    }

    private static void Add(List<string> words, Predicate predicate, bool plural, bool denied)
    {
        switch (predicate)
        {
            case Acts acts:
                AddVerb(words, acts.Verb, plural, acts.Negated);
                break;
            case Affects affects:
                AddVerb(words, affects.Verb, plural, affects.Negated);
                Add(words, affects.Object, denied || affects.Negated);
                break;
            case AffectedBy affected:
                Add(words, affected.Agent, denied: false);
                AddVerb(words, affected.Verb, affected.Agent.Plural, negated: false);
                break;
            case Is quality:
                AddCopula(words, plural, quality.Negated);
                words.Add(quality.Adjective.Word.Base);
                break;
            case IsKind kind:
                AddCopula(words, plural, kind.Negated);
                if (plural)
                    words.Add(kind.Noun.Word.Inflected);
                else
                    Add(words, new NounPhrase(Determiner.A, false, kind.Noun), denied: false);
                break;
        }
    }

    private static void AddVerb(List<string> words, Use verb, bool plural, bool negated)
    {
        if (negated)
            words.AddRange([plural ? "do" : "does", "not"]);
        words.Add(plural || negated ? verb.Word.Base : verb.Word.Inflected);
    }

    private static void AddCopula(List<string> words, bool plural, bool negated)
    {
        words.Add(plural ? "are" : "is");
        if (negated)
            words.Add("not");
    }
}
