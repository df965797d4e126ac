using Espalier.Text.Randomness;

namespace Espalier.Text.Sample;

/// <summary>The parts of a labelled or parallel sample set. No sentence occurs in two of them.</summary>
public enum SampleSplit
{
    /// <summary>Eight of ten sentences.</summary>
    Train,

    /// <summary>One of ten.</summary>
    Dev,

    /// <summary>One of ten.</summary>
    Test,
}

/// <summary>Deals sentences out to the splits by their text alone, so that every generator agrees whatever its seed and size.</summary>
internal static class SampleSplits
{
    public static SampleSplit Of(string sentence)
    {
        // FNV-1a, whose lowest bits are weak; the remainder is taken from a mixed number.
        ulong hash = 14695981039346656037;
        foreach (char c in sentence)
            hash = (hash ^ c) * 1099511628211;
        return new CounterRandom(hash, Purpose.LanguageSplit).Below(10) switch
        {
            0 => SampleSplit.Dev,
            1 => SampleSplit.Test,
            _ => SampleSplit.Train,
        };
    }
}
