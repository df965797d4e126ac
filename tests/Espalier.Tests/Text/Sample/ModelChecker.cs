using Espalier.Text.Randomness;
using Espalier.Text.Sample;

namespace Espalier.Tests.Text.Sample;

/// <summary>
/// Finds the label of a pair by looking at small worlds one by one. It shares nothing with the generator but the vocabulary:
/// it reads the English sentences with a parser of its own, and its worlds consist of individuals that stand in relations.
/// </summary>
internal sealed class ModelChecker
{
    private const long MostWorldsTriedInTurn = 20_000;

    private readonly List<Concept> _concepts = [];
    private readonly List<Func<SmallWorld, int, bool>> _terms = [];
    private readonly Func<SmallWorld, bool> _premise;
    private readonly Func<SmallWorld, bool> _hypothesis;
    private readonly ulong[] _profiles;
    private readonly int[] _relations;
    private bool _sawTrue, _sawFalse;

    private ModelChecker(EntailmentPair pair)
    {
        _premise = Parse(pair.Premise);
        _hypothesis = Parse(pair.Hypothesis);
        _relations = [.. Numbers(PartOfSpeech.TransitiveVerb)];
        _profiles = [.. Profiles()];
    }

    /// <summary>The label that the worlds show; null when the premise is true in none of them.</summary>
    /// <param name="pair">The pair, whose own label is not looked at.</param>
    /// <param name="randomWorlds">How many random worlds to look at unless the pair proves to be neutral before.</param>
    public static EntailmentLabel? Label(EntailmentPair pair, int randomWorlds) => new ModelChecker(pair).Search(randomWorlds);

    /// <summary>Bits of <see cref="Properties"/> are concepts; of <see cref="Relations"/>, for each verb, agent × 8 + patient.</summary>
    private sealed record SmallWorld(ulong[] Properties, ulong[] Relations);

    private EntailmentLabel? Search(int randomWorlds)
    {
        // Every world of one and of two individuals, where there are not too many, and random ones of three to five.
        foreach (int size in (int[])[1, 2])
        {
            double worlds = Math.Pow(_profiles.Length, size) * Math.Pow(2, _relations.Length * size * size);
            for (long w = 0; worlds <= MostWorldsTriedInTurn && w < (long)worlds && !(_sawTrue && _sawFalse); w++)
                Look(WorldNumber(w, size));
        }
        var random = new CounterRandom(1, Purpose.Samples);
        for (int i = 0; i < randomWorlds && !(_sawTrue && _sawFalse); i++)
            Look(RandomWorld(ref random));
        return (_sawTrue, _sawFalse) switch
        {
            (true, false) => EntailmentLabel.Entailment,
            (false, true) => EntailmentLabel.Contradiction,
            (true, true) => EntailmentLabel.Neutral,
            _ => null,
        };
    }

    private void Look(SmallWorld world)
    {
        int size = world.Properties.Length;
        if (!_premise(world) || !_terms.TrueForAll(term => Enumerable.Range(0, size).Any(i => term(world, i))))
            return;
        bool holds = _hypothesis(world);
        _sawTrue |= holds;
        _sawFalse |= !holds;
    }

    private SmallWorld WorldNumber(long number, int size)
    {
        var properties = new ulong[size];
        for (int i = 0; i < size; i++)
        {
            properties[i] = _profiles[number % _profiles.Length];
            number /= _profiles.Length;
        }
        var relations = new ulong[_concepts.Count];
        foreach (int verb in _relations)
        {
            for (int pair = 0; pair < size * size; pair++)
            {
                relations[verb] |= (ulong)(number & 1) << (pair / size * 8 + pair % size);
                number >>= 1;
            }
        }
        return new SmallWorld(properties, Closed(relations));
    }

    private SmallWorld RandomWorld(ref CounterRandom random)
    {
        int size = 3 + (int)random.Below(3);
        var properties = new ulong[size];
        // Few different profiles make general statements true more often.
        ulong[] palette = [random.Pick(_profiles), random.Pick(_profiles), random.Pick(_profiles), random.Pick(_profiles)];
        for (int i = 0; i < size; i++)
            properties[i] = random.Pick(palette);
        var relations = new ulong[_concepts.Count];
        foreach (int verb in _relations)
        {
            int density = (int)random.Below(5) * 25;
            for (int pair = 0; pair < size * size; pair++)
                relations[verb] |= (random.Chance(density) ? 1UL : 0) << (pair / size * 8 + pair % size);
        }
        return new SmallWorld(properties, Closed(relations));
    }

    // Whoever does something to somebody also does what is more general.
    private ulong[] Closed(ulong[] relations)
    {
        foreach (int narrow in _relations)
        {
            foreach (int wide in _relations)
            {
                if (_concepts[narrow].IsA(_concepts[wide]))
                    relations[wide] |= relations[narrow];
            }
        }
        return relations;
    }

    // All sets of properties that an individual can have: closed under "is a", at most one branch of what excludes its neighbours.
    private IEnumerable<ulong> Profiles()
    {
        int[] properties = [.. Enumerable.Range(0, _concepts.Count).Except(_relations)];
        for (ulong choice = 0; choice < 1UL << properties.Length; choice++)
        {
            int[] chosen = [.. properties.Where((_, i) => (choice >> i & 1) == 1)];
            bool closed = chosen.All(i => properties.All(j => !_concepts[i].IsA(_concepts[j]) || chosen.Contains(j)));
            bool compatible = chosen.All(i => chosen.All(j => _concepts[i].IsA(_concepts[j]) || _concepts[j].IsA(_concepts[i]) || !Compete(_concepts[i], _concepts[j])));
            if (closed && compatible)
                yield return chosen.Aggregate(0UL, (bits, i) => bits | 1UL << i);
        }
    }

    private static bool Compete(Concept a, Concept b) => a.Part == b.Part
        && (a.Part == PartOfSpeech.Noun || (a.Part == PartOfSpeech.Adjective && a.Root == b.Root));

    private IEnumerable<int> Numbers(PartOfSpeech part) => Enumerable.Range(0, _concepts.Count).Where(i => _concepts[i].Part == part);

    private Func<SmallWorld, bool> Parse(string text)
    {
        var words = new Queue<string>(text.TrimEnd('.').ToLowerInvariant().Split(' '));
        string quantifier = words.Dequeue();
        Func<SmallWorld, int, bool> subject = ParseTerm(words), predicate = ParsePredicate(words);
        Assert.Empty(words);
        return world => Quantify(quantifier, world, subject, i => predicate(world, i));
    }

    private Func<SmallWorld, int, bool> ParseTerm(Queue<string> words)
    {
        int? adjective = Find(PartOfSpeech.Adjective, words.Peek());
        if (adjective is not null)
            words.Dequeue();
        int noun = Find(PartOfSpeech.Noun, words.Dequeue())!.Value;
        Func<SmallWorld, int, bool>? relative = null;
        if (words.TryPeek(out string? that) && that == "that")
        {
            words.Dequeue();
            relative = ParsePredicate(words);
        }
        bool Holds(SmallWorld world, int i) =>
            Has(world, i, noun) && (adjective is null || Has(world, i, adjective.Value)) && (relative is null || relative(world, i));
        _terms.Add(Holds);
        return Holds;
    }

    private Func<SmallWorld, int, bool> ParsePredicate(Queue<string> words)
    {
        bool copula = words.Peek() is "is" or "are";
        if (words.Peek() is "is" or "are" or "do" or "does")
            words.Dequeue();
        bool negated = words.Peek() == "not";
        if (negated)
            words.Dequeue();
        string word = words.Dequeue();
        if (copula || Find(PartOfSpeech.IntransitiveVerb, word) is not null)
        {
            int property = Find(copula ? PartOfSpeech.Adjective : PartOfSpeech.IntransitiveVerb, word)!.Value;
            return (world, i) => Has(world, i, property) != negated;
        }
        int verb = Find(PartOfSpeech.TransitiveVerb, word)!.Value;
        string quantifier = words.Dequeue();
        Func<SmallWorld, int, bool> target = ParseTerm(words);
        return (world, i) => Quantify(quantifier, world, target, j => (world.Relations[verb] >> (i * 8 + j) & 1) == 1) != negated;
    }

    private static bool Has(SmallWorld world, int individual, int property) => (world.Properties[individual] >> property & 1) == 1;

    private static bool Quantify(string quantifier, SmallWorld world, Func<SmallWorld, int, bool> term, Func<int, bool> holds)
    {
        IEnumerable<int> members = Enumerable.Range(0, world.Properties.Length).Where(i => term(world, i));
        return quantifier switch
        {
            "all" or "every" => members.All(holds),
            "some" or "any" => members.Any(holds),
            "no" => !members.Any(holds),
            _ => throw new InvalidOperationException(quantifier),
        };
    }

    private int? Find(PartOfSpeech part, string word)
    {
        IReadOnlyList<Concept> all = part switch
        {
            PartOfSpeech.Noun => Lexicon.Nouns,
            PartOfSpeech.Adjective => Lexicon.Adjectives,
            PartOfSpeech.IntransitiveVerb => Lexicon.IntransitiveVerbs,
            _ => Lexicon.TransitiveVerbs,
        };
        Concept? concept = all.SingleOrDefault(c => c.Words.Any(form => form.Base == word || form.Inflected == word));
        if (concept is null)
            return null;
        if (!_concepts.Contains(concept))
            _concepts.Add(concept);
        return _concepts.IndexOf(concept);
    }
}
