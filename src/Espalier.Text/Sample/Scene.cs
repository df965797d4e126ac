using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>
/// A few related concepts, from which quantified sentences are drawn that bear on one another: a chain of kinds from a narrow
/// one up to a wide one, a quality, something done in passing, and one thing said about them in narrower, wider and contrary ways.
/// </summary>
internal sealed class Scene
{
    private static readonly Determiner[] Quantifiers =
        [Determiner.All, Determiner.Every, Determiner.Some, Determiner.Some, Determiner.No, Determiner.No];

    private readonly IReadOnlyList<Concept> _kinds;
    private readonly IReadOnlyList<Concept> _qualities;
    private readonly IReadOnlyList<Concept> _asides;
    private readonly IReadOnlyList<Concept> _said;
    // What is done to things: kinds and qualities of the objects; empty unless the scene's verb is transitive.
    private readonly IReadOnlyList<Concept> _objectKinds = [];
    private readonly IReadOnlyList<Concept> _objectQualities = [];

    public Scene(ref CounterRandom random)
    {
        Concept family = random.Chance(50) ? Lexicon.Animal : Lexicon.Person;
        _kinds = KindsOf(family, ref random);
        Concept dimension = random.Pick(Lexicon.Adjectives).Root;
        _qualities = PartOf(dimension, ref random);
        _asides = [.. Chain(random.Pick(Lexicon.IntransitiveVerbs)).Take(2)];
        IReadOnlyList<Concept> asides = _asides;
        switch (random.Below(3))
        {
            case 0:
                _said = WithKin(Another(Lexicon.IntransitiveVerbs, verb => verb.Root != asides[0].Root, ref random));
                break;
            case 1:
                _said = [.. Another(Lexicon.Adjectives, quality => quality.Root != dimension, ref random).Root.Children.SelectMany(WithKin)];
                break;
            default:
                _said = Chain(random.Pick(Lexicon.TransitiveVerbs));
                Concept[] others = [.. new[] { Lexicon.Animal, Lexicon.Person, Lexicon.Thing }.Where(root => root != family)];
                _objectKinds = KindsOf(random.Pick(others), ref random);
                bool things = _objectKinds[0].IsA(Lexicon.Thing);
                bool Fits(Concept quality) => quality.Root != dimension && (!things || Lexicon.FitsThings(quality));
                _objectQualities = [Another(Lexicon.Adjectives, Fits, ref random)];
                break;
        }
    }

    /// <summary>Draws a sentence.</summary>
    public Sentence Draw(ref CounterRandom random)
    {
        Determiner quantifier = random.Pick(Quantifiers);
        Use? quality = random.Chance(30) ? Use.Of(random.Pick(_qualities), ref random) : null;
        Predicate? aside = random.Chance(25) ? new Acts(random.Chance(40), Use.Of(random.Pick(_asides), ref random)) : null;
        var subject = new NounPhrase(quantifier, IsPlural(quantifier, ref random), Use.Of(random.Pick(_kinds), ref random), quality, null, aside);
        // Two denials in one sentence are hard on readers and kept rare.
        return new Sentence(subject, Said(random.Chance(quantifier == Determiner.No ? 8 : 35), ref random));
    }

    private Predicate Said(bool negated, ref CounterRandom random)
    {
        Use said = Use.Of(random.Pick(_said), ref random);
        switch (said.Concept.Part)
        {
            case PartOfSpeech.IntransitiveVerb:
                return new Acts(negated, said);
            case PartOfSpeech.Adjective:
                return new Is(negated, said);
            default:
                Determiner quantifier = random.Pick(Quantifiers);
                negated &= quantifier != Determiner.No;
                Use? quality = random.Chance(25) ? Use.Of(random.Pick(_objectQualities), ref random) : null;
                return new Affects(negated, said,
                    new NounPhrase(quantifier, IsPlural(quantifier, ref random), Use.Of(random.Pick(_objectKinds), ref random), quality));
        }
    }

    private static bool IsPlural(Determiner quantifier, ref CounterRandom random) =>
        quantifier == Determiner.All || (quantifier != Determiner.Every && random.Chance(50));

    // A kind, all above it, and one beside it.
    private static Concept[] KindsOf(Concept family, ref CounterRandom random)
    {
        Concept[] leaves = [.. Lexicon.Nouns.Where(noun => noun.IsA(family) && noun.Children.Count == 0)];
        Concept leaf = random.Pick(leaves);
        return [.. Chain(leaf), Another(leaf.Parent!.Children, kind => kind != leaf, ref random)];
    }

    // One pole of a dimension in its degrees.
    private static List<Concept> PartOf(Concept dimension, ref CounterRandom random) => WithKin(random.Pick(dimension.Children));

    // A concept and all above it that are words.
    private static List<Concept> Chain(Concept concept)
    {
        var chain = new List<Concept>();
        for (Concept? c = concept; c is not null && c.Words.Count > 0; c = c.Parent)
            chain.Add(c);
        return chain;
    }

    // A concept, all above it and all just below it.
    private static List<Concept> WithKin(Concept concept) => [.. Chain(concept), .. concept.Children];

    private static Concept Another(IReadOnlyList<Concept> all, Func<Concept, bool> fits, ref CounterRandom random) =>
        random.Pick([.. all.Where(fits)]);
}
