namespace Espalier.Text.Bitext;

/// <summary>Pairs that are held out of those to learn from, spread evenly over them: which they are follows from the two numbers alone.</summary>
/// <param name="Pairs">All pairs, those that filters leave out among them.</param>
/// <param name="Count">How many are held out.</param>
public readonly record struct HeldOutPairs(long Pairs, long Count)
{
    private const int Part = 10;

    /// <summary>A tenth of the pairs, or so many, whichever is less; but one at least.</summary>
    /// <param name="pairs">All pairs.</param>
    /// <param name="most">Most that are held out.</param>
    public static HeldOutPairs Of(long pairs, long most) => new(pairs, Math.Max(1, Math.Min(pairs / Part, most)));

    /// <summary>Whether a pair is held out.</summary>
    /// <param name="pair">Its number, counted from 0.</param>
    public bool Contains(long pair) => (((pair + 1) * Count) + (Pairs / 2)) / Pairs > ((pair * Count) + (Pairs / 2)) / Pairs;
}
