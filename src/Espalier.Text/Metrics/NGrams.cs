namespace Espalier.Text.Metrics;

/// <summary>Counts n-grams of symbols. An n-gram is packed into one 128-bit key, so that counting allocates no strings.</summary>
internal static class NGrams
{
    /// <summary>The n-grams of <paramref name="order"/> symbols and how often each occurs.</summary>
    /// <param name="symbols">Numbers below 2^<paramref name="bits"/> - 1.</param>
    /// <param name="order">Length of an n-gram; <paramref name="order"/> × <paramref name="bits"/> is at most 128.</param>
    /// <param name="bits">Bits that a symbol takes.</param>
    public static Dictionary<UInt128, int> Count(ReadOnlySpan<int> symbols, int order, int bits)
    {
        var counts = new Dictionary<UInt128, int>();
        for (int i = 0; i + order <= symbols.Length; i++)
        {
            UInt128 key = 0;
            foreach (int symbol in symbols.Slice(i, order))
                key = (key << bits) | (uint)symbol;
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }
        return counts;
    }

    /// <summary>How many n-grams two texts share, each counted as often as it occurs in both.</summary>
    public static long Common(Dictionary<UInt128, int> some, Dictionary<UInt128, int> others)
    {
        long common = 0;
        foreach ((UInt128 key, int count) in some)
            common += Math.Min(count, others.GetValueOrDefault(key));
        return common;
    }
}
