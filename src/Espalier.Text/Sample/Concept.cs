namespace Espalier.Text.Sample;

/// <summary>The parts of speech that carry meaning.</summary>
internal enum PartOfSpeech
{
    Noun,
    Adjective,
    IntransitiveVerb,
    TransitiveVerb,
    Place,
}

/// <summary>An English word in its two forms: singular and plural of a noun; plural and third person singular of a verb.</summary>
internal sealed record Word(string Base, string Inflected);

/// <summary>
/// What a word means: a node of a tree in which every node is a kind of its parent. Synonyms are words of one concept, and
/// the second language has one word for it.
/// </summary>
internal sealed class Concept(PartOfSpeech part, Concept? parent, IReadOnlyList<Word> words, string foreign)
{
    private readonly List<Concept> _children = [];

    public PartOfSpeech Part => part;

    public Concept? Parent => parent;

    public IReadOnlyList<Word> Words => words;

    /// <summary>The word of the second language, without endings.</summary>
    public string Foreign => foreign;

    public IReadOnlyList<Concept> Children => _children;

    public Concept Root => parent is null ? this : parent.Root;

    /// <summary>Whether all that is this is the other too.</summary>
    public bool IsA(Concept other) => this == other || (parent?.IsA(other) ?? false);

    /// <summary>
    /// Whether nothing can be both. Kinds of things exclude each other, and so do qualities of one dimension (big, small);
    /// one can do several things at a time.
    /// </summary>
    public bool Excludes(Concept other) => part == other.Part && !IsA(other) && !other.IsA(this) && part switch
    {
        PartOfSpeech.Noun => true,
        PartOfSpeech.Adjective => Root == other.Root,
        _ => false,
    };

    internal void Adopt(Concept child) => _children.Add(child);

    public override string ToString() => words.Count > 0 ? words[0].Base : $"({foreign})";
}
