using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>Somebody or something in a world, and all that is true of it.</summary>
internal sealed class Individual(Concept kind, Name? name, Concept place)
{
    /// <summary>The narrowest kind it belongs to.</summary>
    public Concept Kind => kind;

    /// <summary>What it is called, if it is called anything.</summary>
    public Name? Name => name;

    /// <summary>Where it is.</summary>
    public Concept Place => place;

    public HashSet<Concept> Qualities { get; } = [];

    public HashSet<Concept> Actions { get; } = [];

    /// <summary>What it does to whom.</summary>
    public HashSet<(Concept Verb, Individual Object)> Deeds { get; } = [];

    public bool IsAlive => !kind.IsA(Lexicon.Thing);
}

/// <summary>
/// The small world that a document tells about: a few individuals of a few kinds in two places, with qualities, actions and
/// deeds from a few concepts. A document says only what is true in its world, so that what was read helps to foresee what follows.
/// </summary>
internal sealed class World
{
    private readonly List<Individual> _individuals = [];

    public World(ref CounterRandom random)
    {
        Kinds = [.. Several(Lexicon.Nouns.Where(noun => noun.Children.Count == 0), 3, ref random)];
        Places = [.. Several(Lexicon.Places, 2, ref random)];
        Qualities = [.. Several(Lexicon.Adjectives.Where(Lexicon.FitsThings), 1, ref random), .. Several(Lexicon.Adjectives, 3, ref random)];
        Actions = [.. Several(Lexicon.IntransitiveVerbs.Where(verb => verb.Parent is not null || verb.Children.Count == 0), 3, ref random)];
        Verbs = [.. Several(Lexicon.TransitiveVerbs, 2, ref random)];
        Queue<string> names = new(Several(Lexicon.Names, 3, ref random));
        int size = 5 + (int)random.Below(4);
        for (int i = 0; i < size; i++)
        {
            Concept kind = Kinds[i < Kinds.Count ? i : (int)random.Below(Kinds.Count)];
            Name? name = !kind.IsA(Lexicon.Thing) && names.TryDequeue(out string? called) ? new Name(called, called) : null;
            _individuals.Add(new Individual(kind, name, random.Pick(Places)));
        }
        foreach (Individual individual in _individuals)
            Endow(individual, ref random);
    }

    public IReadOnlyList<Individual> Individuals => _individuals;

    public IReadOnlyList<Concept> Kinds { get; }

    public IReadOnlyList<Concept> Places { get; }

    public IReadOnlyList<Concept> Qualities { get; }

    public IReadOnlyList<Concept> Actions { get; }

    public IReadOnlyList<Concept> Verbs { get; }

    /// <summary>Whom a phrase can mean, whatever its determiner.</summary>
    public IEnumerable<Individual> Members(NounPhrase phrase) => _individuals.Where(individual => individual.Kind.IsA(phrase.Noun.Concept)
        && (phrase.Adjective is not { } adjective || individual.Qualities.Any(quality => quality.IsA(adjective.Concept)))
        && (phrase.Place is not { } place || individual.Place == place.Concept)
        && (phrase.Relative is not { } relative || Holds(individual, relative)));

    /// <summary>Whether a nominal speaks of somebody, and what it says of them is so.</summary>
    public bool Holds(Nominal subject, Predicate predicate) => Quantify(subject, individual => Holds(individual, predicate));

    /// <summary>Whether something is so of an individual.</summary>
    public bool Holds(Individual individual, Predicate predicate) => predicate.Negated ^ predicate switch
    {
        Acts acts => individual.Actions.Any(action => action.IsA(acts.Verb.Concept)),
        Is quality => individual.Qualities.Any(own => own.IsA(quality.Adjective.Concept)),
        IsKind kind => individual.Kind.IsA(kind.Noun.Concept),
        Affects affects => Quantify(affects.Object, other => Does(individual, affects.Verb.Concept, other)),
        AffectedBy affected => Quantify(affected.Agent, other => Does(other, affected.Verb.Concept, individual)),
        _ => throw new ArgumentException($"{predicate} is of an unknown form", nameof(predicate)),
    };

    private static bool Does(Individual agent, Concept verb, Individual patient) =>
        agent.Deeds.Any(deed => deed.Verb.IsA(verb) && deed.Object == patient);

    private bool Quantify(Nominal nominal, Func<Individual, bool> holds)
    {
        if (nominal is Name name)
            return holds(_individuals.Single(individual => individual.Name == name));
        var phrase = (NounPhrase)nominal;
        Individual[] members = [.. Members(phrase)];
        return members.Length > 0 && phrase.Determiner switch
        {
            Determiner.All or Determiner.Every => members.All(holds),
            Determiner.Some or Determiner.A => members.Any(holds),
            Determiner.No => !members.Any(holds),
            // "The dog" means the only one, "the dogs" all of several.
            _ => members.Length > 1 == phrase.Plural && members.All(holds),
        };
    }

    private void Endow(Individual individual, ref CounterRandom random)
    {
        foreach (Concept quality in Qualities)
        {
            if ((individual.IsAlive || Lexicon.FitsThings(quality)) && random.Chance(50) && !individual.Qualities.Any(quality.Excludes))
                individual.Qualities.Add(quality);
        }
        if (!individual.IsAlive)
            return;
        foreach (Concept action in Actions)
        {
            if (random.Chance(45))
                individual.Actions.Add(action);
        }
        foreach (Individual other in _individuals)
        {
            foreach (Concept verb in Verbs)
            {
                if (other != individual && random.Chance(35))
                    individual.Deeds.Add((verb, other));
            }
        }
    }

    private static IEnumerable<T> Several<T>(IEnumerable<T> all, int count, ref CounterRandom random)
    {
        List<T> shuffled = [.. all];
        random.Shuffle(shuffled);
        return shuffled.Take(count);
    }
}
