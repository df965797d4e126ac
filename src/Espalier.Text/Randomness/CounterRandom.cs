namespace Espalier.Text.Randomness;

/// <summary>
/// Random numbers that are a function of what they are for: (seed, purpose, two counters). Nothing has to be stored to draw
/// them again. SplitMix64 (Steele, Lea, Flood 2014, "Fast Splittable Pseudorandom Number Generators"), whose n-th output
/// is a mix of key + n · γ.
/// </summary>
internal struct CounterRandom
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private ulong _state;

    public CounterRandom(ulong seed, Purpose purpose, long first = 0, long second = 0) =>
        _state = Mix(Mix(Mix(Mix(seed + Gamma) + (ulong)purpose * Gamma) + (ulong)first * Gamma) + (ulong)second * Gamma);

    public ulong Next() => Mix(_state += Gamma);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextUnit() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [0, <paramref name="bound"/>) by Lemire's multiplication; its bias is below bound / 2^64.</summary>
    public long Below(long bound) => (long)Math.BigMul(Next(), (ulong)bound, out _);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}

/// <summary>What a random number is for. Different purposes share a seed and yet draw independently.</summary>
internal enum Purpose : ulong
{
    HoldOut = 1,
    Fraction = 2,
    Shuffle = 3,
    Mask = 4,
    DevelopmentSplit = 5,
    BatchOrder = 6,
    Samples = 7,
    Bootstrap = 8,
    LanguageDocument = 9,
    LanguageEntailment = 10,
    LanguageTranslation = 11,
    LanguageSplit = 12,
    LanguageAcceptability = 13,
}
