namespace Espalier.Text.Sample;

/// <summary>
/// Decides entailment between two sentences of the form "all / some / no A are B", exactly, for A and B that are combinations of
/// properties. A world is told, as far as such sentences go, by which <em>types</em> of individuals it has: a type says of every
/// property whether it holds. A sentence then demands of a set of types that it has members ("some A are B": those of both) or
/// that it has none ("all A are B": those of A without B). Such demands can be met together unless a set that must have members
/// lies within the union of those that must have none. All terms that the sentences speak of are taken to have members, as in
/// Aristotle's logic and in ordinary speech.
/// </summary>
internal sealed class Entailment
{
    private const int MaxProperties = 16;

    private readonly List<Property> _properties = [];
    private readonly Statement[] _statements;
    private readonly bool[,] _implies;
    private readonly bool[,] _excludes;

    /// <summary>Prepares for deciding between any two of <paramref name="sentences"/>.</summary>
    public Entailment(IEnumerable<Sentence> sentences)
    {
        _statements = [.. sentences.Select(StatementOf)];
        int count = _properties.Count;
        _implies = new bool[count, count];
        _excludes = new bool[count, count];
        for (int i = 0; i < count; i++)
        {
            for (int j = 0; j < count; j++)
            {
                _implies[i, j] = _properties[i].Implies(_properties[j]);
                _excludes[i, j] = _properties[i].Excludes(_properties[j]);
            }
        }
    }

    /// <summary>The label of a pair of sentences, told by their numbers, each of which <see cref="IsContingent"/>.</summary>
    public EntailmentLabel Decide(int premise, int hypothesis)
    {
        var worlds = new Worlds(this, _statements[premise], _statements[hypothesis]);
        if (!worlds.CanBe(true, false))
            return EntailmentLabel.Entailment;
        return worlds.CanBe(true, true) ? EntailmentLabel.Neutral : EntailmentLabel.Contradiction;
    }

    /// <summary>Whether the sentence is true in some worlds and false in others.</summary>
    public bool IsContingent(int sentence)
    {
        var worlds = new Worlds(this, _statements[sentence], _statements[sentence]);
        return worlds.CanBe(true, true) && worlds.CanBe(false, false);
    }

    private Statement StatementOf(Sentence sentence)
    {
        var phrase = (NounPhrase)sentence.Subject;
        Literal predicate = Term.LiteralOf(sentence.Predicate);
        (bool inhabited, bool without) = phrase.Determiner switch
        {
            Determiner.All or Determiner.Every => (false, true),
            Determiner.Some => (true, false),
            Determiner.No => (false, false),
            _ => throw new ArgumentException($"{phrase.Determiner} does not quantify", nameof(sentence)),
        };
        predicate = predicate with { Denied = predicate.Denied ^ without };
        return new Statement([.. Term.Of(phrase).Literals.Select(Numbered)], Numbered(predicate), inhabited);
    }

    private (int Property, bool Denied) Numbered(Literal literal)
    {
        int number = _properties.IndexOf(literal.Property);
        if (number < 0)
        {
            number = _properties.Count;
            _properties.Add(literal.Property);
        }
        return (number, literal.Denied);
    }

    /// <summary>
    /// What makes a sentence true: that those of the subject to which <paramref name="Added"/> applies exist, or that they do not.
    /// </summary>
    private sealed record Statement((int Property, bool Denied)[] Subject, (int Property, bool Denied) Added, bool Inhabited);

    /// <summary>A set of types: those that have all properties of one set and none of another.</summary>
    private readonly record struct Region(uint Has, uint Lacks)
    {
        public bool Contains(uint type) => (type & Has) == Has && (type & Lacks) == 0;

        public Region With(int property, bool denied) =>
            denied ? this with { Lacks = Lacks | 1u << property } : this with { Has = Has | 1u << property };
    }

    /// <summary>A statement over the properties of one pair of sentences.</summary>
    private readonly record struct Demand(Region Subject, Region Region, bool Inhabited)
    {
        public Demand If(bool isTrue) => this with { Inhabited = Inhabited == isTrue };

        public bool Empties(uint type) => !Inhabited && Region.Contains(type);
    }

    /// <summary>The types that can exist, as far as two statements tell them apart: sets of properties, one bit each.</summary>
    private sealed class Worlds
    {
        private readonly List<int> _numbers = new(MaxProperties);
        private readonly List<uint> _types = [];
        private readonly Demand _premise;
        private readonly Demand _hypothesis;

        public Worlds(Entailment all, Statement premise, Statement hypothesis)
        {
            _premise = DemandOf(premise);
            _hypothesis = DemandOf(hypothesis);
            // A type holds whatever its members imply, and no two that exclude each other.
            Span<uint> implied = stackalloc uint[MaxProperties], excluded = stackalloc uint[MaxProperties];
            for (int i = 0; i < _numbers.Count; i++)
            {
                for (int j = 0; j < _numbers.Count; j++)
                {
                    implied[i] |= all._implies[_numbers[i], _numbers[j]] ? 1u << j : 0;
                    excluded[i] |= all._excludes[_numbers[i], _numbers[j]] ? 1u << j : 0;
                }
            }
            for (uint type = 0; type < 1u << _numbers.Count; type++)
            {
                bool possible = true;
                for (int i = 0; i < _numbers.Count && possible; i++)
                    possible = (type >> i & 1) == 0 || ((implied[i] & ~type) == 0 && (excluded[i] & type) == 0);
                if (possible)
                    _types.Add(type);
            }
        }

        /// <summary>Whether there is a world in which the two are true or false as told.</summary>
        public bool CanBe(bool premiseIsTrue, bool hypothesisIsTrue)
        {
            Demand one = _premise.If(premiseIsTrue), other = _hypothesis.If(hypothesisIsTrue);
            bool oneSubject = false, otherSubject = false, oneMember = !one.Inhabited, otherMember = !other.Inhabited;
            foreach (uint type in _types)
            {
                if (one.Empties(type) || other.Empties(type))
                    continue;
                oneSubject |= one.Subject.Contains(type);
                otherSubject |= other.Subject.Contains(type);
                oneMember |= one.Region.Contains(type);
                otherMember |= other.Region.Contains(type);
            }
            return oneSubject && otherSubject && oneMember && otherMember;
        }

        private Demand DemandOf(Statement statement)
        {
            var subject = new Region();
            foreach ((int property, bool denied) in statement.Subject)
                subject = subject.With(Bit(property), denied);
            return new Demand(subject, subject.With(Bit(statement.Added.Property), statement.Added.Denied), statement.Inhabited);
        }

        private int Bit(int property)
        {
            int bit = _numbers.IndexOf(property);
            if (bit >= 0)
                return bit;
            _numbers.Add(property);
            return _numbers.Count - 1;
        }
    }
}
