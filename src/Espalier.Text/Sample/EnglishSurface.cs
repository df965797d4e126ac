namespace Espalier.Text.Sample;

/// <summary>Writes sentences in English word order, with the agreement of subject and verb.</summary>
internal sealed class EnglishSurface
{
    private readonly List<string> _words = [];
    private readonly int _wrongVerb;
    private int _verbs;

    private EnglishSurface(int wrongVerb) => _wrongVerb = wrongVerb;

    /// <summary>The sentence with a capital and a period.</summary>
    public static string Write(Sentence sentence) => Write(sentence, wrongVerb: -1).Text;

    /// <summary>The sentence, and how many verbs it has.</summary>
    /// <param name="sentence">What is said.</param>
    /// <param name="wrongVerb">The verb, counted from 0, that takes the number which its subject does not have; -1 for none.</param>
    public static (string Text, int Verbs) Write(Sentence sentence, int wrongVerb)
    {
        var surface = new EnglishSurface(wrongVerb);
        if (sentence.Conclusion)
            surface._words.Add("so");
        bool denied = sentence.Subject is NounPhrase { Determiner: Determiner.No };
        surface.Add(sentence.Subject, denied: false);
        surface.Add(sentence.Predicate, sentence.Subject.Plural, denied);
        string text = string.Join(' ', surface._words);
        return (char.ToUpperInvariant(text[0]) + text[1..] + ".", surface._verbs);
    }

    private void Add(Nominal nominal, bool denied)
    {
        if (nominal is Name name)
        {
            _words.Add(name.Text);
            return;
        }
        var phrase = (NounPhrase)nominal;
        string noun = phrase.Plural ? phrase.Noun.Word.Inflected : phrase.Noun.Word.Base;
        string next = phrase.Adjective?.Word.Base ?? noun;
        _words.Add(phrase.Determiner switch
        {
            Determiner.A => "aeiou".Contains(next[0]) ? "an" : "a",
            Determiner.Some when denied => "any",
            _ => phrase.Determiner.ToString().ToLowerInvariant(),
        });
        if (phrase.Adjective is { } adjective)
            _words.Add(adjective.Word.Base);
        _words.Add(noun);
        if (phrase.Place is { } place)
            _words.Add(place.Word.Base);
        if (phrase.Relative is { } relative)
        {
            _words.Add("that");
            Add(relative, phrase.Plural, denied: false);
        }
    }

    private void Add(Predicate predicate, bool plural, bool denied)
    {
        switch (predicate)
        {
            case Acts acts:
                AddVerb(acts.Verb, plural, acts.Negated);
                break;
            case Affects affects:
                AddVerb(affects.Verb, plural, affects.Negated);
                Add(affects.Object, denied || affects.Negated);
                break;
            case AffectedBy affected:
                Add(affected.Agent, denied: false);
                AddVerb(affected.Verb, affected.Agent.Plural, negated: false);
                break;
            case Is quality:
                AddCopula(plural, quality.Negated);
                _words.Add(quality.Adjective.Word.Base);
                break;
            case IsKind kind:
                AddCopula(plural, kind.Negated);
                if (plural)
                    _words.Add(kind.Noun.Word.Inflected);
                else
                    Add(new NounPhrase(Determiner.A, false, kind.Noun), denied: false);
                break;
        }
    }

    private void AddVerb(Use verb, bool plural, bool negated)
    {
        plural = Agreeing(plural);
        if (negated)
            _words.AddRange([plural ? "do" : "does", "not"]);
        _words.Add(plural || negated ? verb.Word.Base : verb.Word.Inflected);
    }

    private void AddCopula(bool plural, bool negated)
    {
        _words.Add(Agreeing(plural) ? "are" : "is");
        if (negated)
            _words.Add("not");
    }

    // The number of the next verb, which is its subject's, or the other where the verb is to be wrong.
    private bool Agreeing(bool plural) => plural ^ (_verbs++ == _wrongVerb);
}
