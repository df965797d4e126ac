using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>What stands before a noun and says of how many the sentence speaks.</summary>
internal enum Determiner
{
    The,
    A,
    All,
    Every,
    Some,
    No,
}

/// <summary>A concept, and which of its synonyms says it.</summary>
internal readonly record struct Use(Concept Concept, int Synonym)
{
    public Word Word => Concept.Words[Synonym];

    /// <summary>Says a concept by one of its words, drawn at random.</summary>
    public static Use Of(Concept concept, ref CounterRandom random) => new(concept, (int)random.Below(concept.Words.Count));
}

/// <summary>What a sentence is about, or what a verb is done to.</summary>
internal abstract record Nominal(bool Plural);

/// <summary>A name, or a pronoun that stands for one; <paramref name="Foreign"/> is its form in the second language.</summary>
internal sealed record Name(string Text, string Foreign) : Nominal(false);

/// <summary>A noun with all that belongs to it: <c>all small dogs near the river that the girls see</c>.</summary>
internal sealed record NounPhrase(
    Determiner Determiner, bool Plural, Use Noun, Use? Adjective = null, Use? Place = null, Predicate? Relative = null) : Nominal(Plural);

/// <summary>What is said of something. <paramref name="Negated"/> denies the whole of it.</summary>
internal abstract record Predicate(bool Negated);

/// <summary><c>sleeps</c></summary>
internal sealed record Acts(bool Negated, Use Verb) : Predicate(Negated);

/// <summary><c>is happy</c></summary>
internal sealed record Is(bool Negated, Use Adjective) : Predicate(Negated);

/// <summary><c>is a dog</c>, <c>are dogs</c></summary>
internal sealed record IsKind(bool Negated, Use Noun) : Predicate(Negated);

/// <summary><c>chases all cats</c></summary>
internal sealed record Affects(bool Negated, Use Verb, Nominal Object) : Predicate(Negated);

/// <summary><c>(that) the girls see</c>; it stands in relative clauses only.</summary>
internal sealed record AffectedBy(Use Verb, Nominal Agent) : Predicate(false);

/// <summary>A sentence; a <paramref name="Conclusion"/> follows from what was said before and says so.</summary>
internal sealed record Sentence(Nominal Subject, Predicate Predicate, bool Conclusion = false);
