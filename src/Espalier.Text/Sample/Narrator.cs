using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>
/// Tells about a world. Sentences are drawn at random and said if they are true; every now and then one is drawn as a
/// conclusion from a general statement that was just made.
/// </summary>
internal sealed class Narrator(World world)
{
    private const int Tries = 200;
    private static readonly Determiner[] Quantifiers =
        [Determiner.All, Determiner.Every, Determiner.Some, Determiner.No, Determiner.The, Determiner.The, Determiner.The];

    /// <summary>A document of about <paramref name="length"/> sentences, no two of them the same.</summary>
    public IReadOnlyList<Sentence> Tell(int length, ref CounterRandom random)
    {
        var told = new List<Sentence>();
        var said = new HashSet<string>();
        foreach (Individual individual in world.Individuals)
        {
            if (individual.Name is { } name)
                Say(new Sentence(name, new IsKind(false, Use.Of(individual.Kind, ref random))));
        }
        while (told.Count < length && True(ref random) is { } sentence)
        {
            if (!Say(sentence))
                continue;
            if (random.Chance(40) && Conclusion(sentence, ref random) is { } conclusion)
                Say(conclusion);
            else if (sentence.Subject is Name name && random.Chance(50) && True(name, ref random) is { } more)
                Say(more with { Subject = Pronoun(name) });
        }
        return told;

        bool Say(Sentence sentence)
        {
            if (!said.Add(EnglishSurface.Write(sentence)))
                return false;
            told.Add(sentence);
            return true;
        }
    }

    private Sentence? True(ref CounterRandom random)
    {
        Name[] names = [.. world.Individuals.Select(individual => individual.Name).OfType<Name>()];
        for (int i = 0; i < Tries; i++)
        {
            Nominal subject = names.Length > 0 && random.Chance(30) ? random.Pick(names) : Phrase(Quantifiers, depth: 0, ref random);
            if (True(subject, ref random) is { } sentence)
                return sentence;
        }
        return null;
    }

    // Something true about the subject, if it is found soon.
    private Sentence? True(Nominal subject, ref CounterRandom random)
    {
        if (subject is NounPhrase phrase && !world.Members(phrase).Any())
            return null;
        for (int i = 0; i < 4; i++)
        {
            Predicate predicate = Predicate(IsAlive(subject), depth: 0, ref random);
            if (IsMeaningful(subject, predicate) && world.Holds(subject, predicate))
                return new Sentence(subject, predicate);
        }
        return null;
    }

    // From what holds of all or none, and what is known of one with a name: "Every dog barks." "So Rex barks."
    private Sentence? Conclusion(Sentence general, ref CounterRandom random)
    {
        if (general.Subject is not NounPhrase { Determiner: Determiner.All or Determiner.Every or Determiner.No } phrase
            || (phrase.Determiner == Determiner.No && (general.Predicate.Negated || general.Predicate is Affects)))
            return null;
        Name[] names = [.. world.Members(phrase).Select(member => member.Name).OfType<Name>()];
        if (names.Length == 0)
            return null;
        Predicate predicate = phrase.Determiner == Determiner.No ? general.Predicate with { Negated = true } : general.Predicate;
        return new Sentence(random.Pick(names), predicate, Conclusion: true);
    }

    // Whether all that the predicate speaks of exists, and it neither repeats the subject nor denies a denial.
    private bool IsMeaningful(Nominal subject, Predicate predicate)
    {
        if (subject is NounPhrase { Determiner: Determiner.No } && predicate.Negated)
            return false;
        if (predicate is Is quality)
            return subject is not NounPhrase { Adjective: { } adjective } || adjective.Concept.Root != quality.Adjective.Concept.Root;
        return predicate is not Affects { Object: NounPhrase target }
            || (world.Members(target).Any() && (target.Determiner != Determiner.The || world.Members(target).Count() > 1 == target.Plural));
    }

    private Predicate Predicate(bool alive, int depth, ref CounterRandom random)
    {
        bool negated = random.Chance(20);
        if (!alive || random.Chance(25))
        {
            Concept[] fitting = [.. world.Qualities.Where(quality => alive || Lexicon.FitsThings(quality))];
            return new Is(negated, Use.Of(Widened(random.Pick(fitting), ref random), ref random));
        }
        if (random.Chance(45))
            return new Acts(negated, Use.Of(Widened(random.Pick(world.Actions), ref random), ref random));
        NounPhrase target = Phrase(negated ? [Determiner.Some, Determiner.All] : Quantifiers, depth + 1, ref random);
        return new Affects(negated, Use.Of(Widened(random.Pick(world.Verbs), ref random), ref random), target);
    }

    private NounPhrase Phrase(IReadOnlyList<Determiner> determiners, int depth, ref CounterRandom random)
    {
        Determiner determiner = random.Pick(determiners);
        bool plural = determiner == Determiner.All || (determiner != Determiner.Every && random.Chance(45));
        Concept kind = Widened(random.Pick(world.Kinds), ref random);
        bool alive = !kind.IsA(Lexicon.Thing);
        Concept[] qualities = [.. world.Qualities.Where(quality => alive || Lexicon.FitsThings(quality))];
        Use? adjective = qualities.Length > 0 && random.Chance(30) ? Use.Of(Widened(random.Pick(qualities), ref random), ref random) : null;
        Use? place = random.Chance(20) ? Use.Of(random.Pick(world.Places), ref random) : null;
        Predicate? relative = depth < 2 && random.Chance(depth == 0 ? 30 : 20) ? Relative(alive, depth, ref random) : null;
        return new NounPhrase(determiner, plural, Use.Of(kind, ref random), adjective, place, relative);
    }

    private Predicate Relative(bool alive, int depth, ref CounterRandom random)
    {
        if (alive && random.Chance(60))
            return Predicate(alive, depth, ref random);
        Use verb = Use.Of(Widened(random.Pick(world.Verbs), ref random), ref random);
        Name[] names = [.. world.Individuals.Select(individual => individual.Name).OfType<Name>()];
        Nominal agent = names.Length > 0 && random.Chance(40)
            ? random.Pick(names)
            : Phrase([Determiner.The, Determiner.Some], depth + 1, ref random);
        return new AffectedBy(verb, agent);
    }

    private bool IsAlive(Nominal subject) => subject is not NounPhrase phrase || !phrase.Noun.Concept.IsA(Lexicon.Thing);

    // The concept itself or one above it.
    private static Concept Widened(Concept concept, ref CounterRandom random) =>
        concept.Parent is { Words.Count: > 0 } parent && random.Chance(30) ? Widened(parent, ref random) : concept;

    private static Name Pronoun(Name name) => name.Text[^1] == 'a' ? new Name("she", "ela") : new Name("he", "elo");
}
