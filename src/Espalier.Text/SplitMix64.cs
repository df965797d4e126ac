using System.Runtime.InteropServices;

namespace Espalier.Text;

/// <summary>
/// SplitMix64 (Steele, Lea and Flood 2014): a counter in steps of the golden ratio, mixed by Stafford's function. The numbers
/// depend on the seed alone, on no platform and no version of .NET, and a stream can be keyed by what it is for, so that any
/// part of a sequence can be made without the parts before it.
/// </summary>
public struct SplitMix64
{
    private const ulong GoldenRatio = 0x9E3779B97F4A7C15;
    private ulong _counter;

    /// <summary>Starts the stream of a seed.</summary>
    public SplitMix64(ulong seed) => _counter = seed;

    /// <summary>Starts a stream of its own for each item of each purpose.</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="stream">Tells purposes apart.</param>
    /// <param name="index">The item.</param>
    public SplitMix64(ulong seed, ulong stream, ulong index) =>
        _counter = Mix(Mix(Mix(seed + GoldenRatio) + stream) + index);

    /// <summary>The next 64 random bits.</summary>
    public ulong Next() => Mix(_counter += GoldenRatio);

    /// <summary>A number from 0 to <paramref name="bound"/> - 1, each equally likely but for less than bound/2^64.</summary>
    public int Below(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        return (int)Math.BigMul(Next(), (ulong)bound, out _);
    }

    /// <summary>True in <paramref name="percent"/> of 100 cases.</summary>
    public bool Chance(int percent) => Below(100) < percent;

    /// <summary>One of <paramref name="choices"/>.</summary>
    public T Pick<T>(IReadOnlyList<T> choices) => choices[Below(choices.Count)];

    /// <summary>Puts <paramref name="items"/> in random order (Fisher and Yates).</summary>
    public void Shuffle<T>(List<T> items)
    {
        Span<T> span = CollectionsMarshal.AsSpan(items);
        for (int i = span.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (span[i], span[j]) = (span[j], span[i]);
        }
    }

    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
