using System.Runtime.InteropServices;

namespace Espalier.Text.Randomness;

/// <summary>What one draws by chance besides numbers.</summary>
internal static class Draws
{
    /// <summary>True in <paramref name="percent"/> of 100 cases.</summary>
    public static bool Chance(this ref CounterRandom random, int percent) => random.Below(100) < percent;

    /// <summary>One of <paramref name="choices"/>, of which there is at least one.</summary>
    public static T Pick<T>(this ref CounterRandom random, IReadOnlyList<T> choices) => choices[(int)random.Below(choices.Count)];

    /// <summary>Puts <paramref name="items"/> in random order (Fisher and Yates).</summary>
    public static void Shuffle<T>(this ref CounterRandom random, List<T> items)
    {
        Span<T> span = CollectionsMarshal.AsSpan(items);
        for (int i = span.Length - 1; i > 0; i--)
        {
            int j = (int)random.Below(i + 1);
            (span[i], span[j]) = (span[j], span[i]);
        }
    }
}
