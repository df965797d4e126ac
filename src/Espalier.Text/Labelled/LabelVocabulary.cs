namespace Espalier.Text.Labelled;

/// <summary>
/// The labels of a set. Their order is that of their meaning where it is known (entailment, neutral, contradiction), else
/// numeric where all are integers, else ordinal.
/// </summary>
public sealed class LabelVocabulary
{
    private static readonly string[][] Known =
    [
        ["entailment", "neutral", "contradiction"],
        ["entailment", "not_entailment"],
        ["negative", "neutral", "positive"],
        ["false", "true"],
        ["no", "yes"],
    ];

    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

    /// <summary>Keeps labels in the order given.</summary>
    /// <exception cref="ArgumentException">A label occurs twice.</exception>
    public LabelVocabulary(IReadOnlyList<string> names)
    {
        Names = names;
        foreach (string name in names)
            _index.Add(name, _index.Count);
    }

    /// <summary>The labels; a label's number is its index.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Number of labels.</summary>
    public int Count => Names.Count;

    /// <summary>The number of a label, or −1.</summary>
    public int IndexOf(string name) => _index.GetValueOrDefault(name, -1);

    /// <summary>Orders the labels that were met.</summary>
    public static LabelVocabulary Of(IEnumerable<string> met)
    {
        string[] names = [.. met.Distinct(StringComparer.Ordinal)];
        string[]? order = Known.FirstOrDefault(known => names.All(name => known.Contains(name, StringComparer.OrdinalIgnoreCase)));
        if (order is not null)
            return new([.. names.OrderBy(name => Array.FindIndex(order, known => known.Equals(name, StringComparison.OrdinalIgnoreCase)))]);
        if (names.All(name => long.TryParse(name, System.Globalization.CultureInfo.InvariantCulture, out _)))
            return new([.. names.OrderBy(name => long.Parse(name, System.Globalization.CultureInfo.InvariantCulture))]);
        return new([.. names.Order(StringComparer.Ordinal)]);
    }
}
