using Espalier.Text.Randomness;

namespace Espalier.Text.Inspection;

/// <summary>Draws a few of a stream whose length is not known: those to which the seed gives the smallest numbers.</summary>
internal sealed class SampleDraw(int wanted, ulong seed)
{
    private const int ShownCharacters = 400;
    private readonly PriorityQueue<Sample, ulong> _drawn = new(Comparer<ulong>.Create((a, b) => b.CompareTo(a)));

    /// <summary>Considers one; <paramref name="make"/> is called only when it is among the drawn so far.</summary>
    public void Offer(long index, Func<(string Text, string? Label)> make)
    {
        ulong rank = new CounterRandom(seed, Purpose.Samples, index).Next();
        if (wanted == 0 || (_drawn.Count == wanted && _drawn.TryPeek(out _, out ulong worst) && rank >= worst))
            return;
        (string text, string? label) = make();
        _drawn.Enqueue(new Sample(index, Shorten(text), label is null ? null : Shorten(label)), rank);
        if (_drawn.Count > wanted)
            _drawn.Dequeue();
    }

    public IReadOnlyList<Sample> Drawn => [.. _drawn.UnorderedItems.Select(item => item.Element).OrderBy(sample => sample.Index)];

    private static string Shorten(string text)
    {
        if (text.Length <= ShownCharacters)
            return text;
        int end = char.IsHighSurrogate(text[ShownCharacters - 1]) ? ShownCharacters - 1 : ShownCharacters;
        return $"{text.AsSpan(0, end)} …";
    }
}
