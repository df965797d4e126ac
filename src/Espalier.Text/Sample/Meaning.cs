namespace Espalier.Text.Sample;

/// <summary>
/// A property without synonyms or grammatical number: of a kind, of a quality, doing something, or doing something to some or
/// to all members of a term. Denial is left to <see cref="Literal"/>, so "chases no cat" is the denial of "chases some cat".
/// </summary>
/// <param name="Concept">The kind, quality or verb.</param>
/// <param name="Object">What it is done to, for a transitive verb; null for all else.</param>
/// <param name="ToAll">Whether it is done to all of them, rather than to some.</param>
internal sealed record Property(Concept Concept, Term? Object = null, bool ToAll = false)
{
    /// <summary>Whether whatever has this property has the other.</summary>
    public bool Implies(Property other)
    {
        if (!Concept.IsA(other.Concept))
            return false;
        return (Object, other.Object) switch
        {
            ({ } mine, { } its) => (ToAll, other.ToAll) switch
            {
                // "Some" is monotone upwards in its noun, "all" downwards. A term that is spoken of has members, so that
                // what is done to all of one term is done to some of any term above or below it.
                (false, false) => mine.Implies(its),
                (true, true) => its.Implies(mine),
                (true, false) => mine.Implies(its) || its.Implies(mine),
                (false, true) => false,
            },
            _ => true,
        };
    }

    /// <summary>Whether nothing has both.</summary>
    public bool Excludes(Property other) => Concept.Excludes(other.Concept);
}

/// <summary>A property or its denial.</summary>
internal readonly record struct Literal(Property Property, bool Denied)
{
    public bool Implies(Literal other) => (Denied, other.Denied) switch
    {
        (false, false) => Property.Implies(other.Property),
        (true, true) => other.Property.Implies(Property),
        (false, true) => Property.Excludes(other.Property),
        (true, false) => false,
    };
}

/// <summary>A set of things: all that have every one of some properties.</summary>
internal sealed record Term(IReadOnlyList<Literal> Literals)
{
    public bool Implies(Term other) => other.Literals.All(literal => Literals.Any(mine => mine.Implies(literal)));

    public bool Equals(Term? other) => other is not null && Literals.SequenceEqual(other.Literals);

    public override int GetHashCode() => Literals.Aggregate(0, (hash, literal) => HashCode.Combine(hash, literal));

    public static Term Of(NounPhrase phrase)
    {
        var literals = new List<Literal> { new(new Property(phrase.Noun.Concept), false) };
        if (phrase.Adjective is { } adjective)
            literals.Add(new Literal(new Property(adjective.Concept), false));
        if (phrase.Relative is { } relative)
            literals.Add(LiteralOf(relative));
        return new Term(literals);
    }

    public static Literal LiteralOf(Predicate predicate)
    {
        switch (predicate)
        {
            case Acts acts:
                return new Literal(new Property(acts.Verb.Concept), acts.Negated);
            case Is quality:
                return new Literal(new Property(quality.Adjective.Concept), quality.Negated);
            case Affects { Object: NounPhrase target } affects:
                bool toAll = target.Determiner is Determiner.All or Determiner.Every;
                bool denied = affects.Negated ^ target.Determiner == Determiner.No;
                return new Literal(new Property(affects.Verb.Concept, Of(target), toAll), denied);
            default:
                throw new ArgumentException($"{predicate} has no meaning without a world", nameof(predicate));
        }
    }
}
