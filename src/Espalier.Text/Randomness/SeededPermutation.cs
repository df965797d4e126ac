namespace Espalier.Text.Randomness;

/// <summary>
/// A pseudorandom permutation of 0 … count−1 that needs no table: a Feistel network of eight rounds over the next even
/// number of bits, walked on until it lands below count (Black and Rogaway 2002, "Ciphers with Arbitrary Finite Domains").
/// </summary>
internal sealed class SeededPermutation
{
    private readonly ulong[] _keys = new ulong[Rounds];
    private readonly int _halfBits;
    private readonly ulong _halfMask;
    private const int Rounds = 8;

    public SeededPermutation(long count, ulong seed, Purpose purpose, long epoch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Count = count;
        int bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(count - 1, 1));
        _halfBits = (bits + 1) / 2;
        _halfMask = (1UL << _halfBits) - 1;
        var random = new CounterRandom(seed, purpose, epoch);
        for (int round = 0; round < Rounds; round++)
            _keys[round] = random.Next();
    }

    public long Count { get; }

    /// <summary>Where <paramref name="index"/> goes.</summary>
    public long this[long index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            ulong value = (ulong)index;
            do
                value = Encrypt(value);
            while (value >= (ulong)Count);
            return (long)value;
        }
    }

    private ulong Encrypt(ulong value)
    {
        ulong left = value >> _halfBits, right = value & _halfMask;
        foreach (ulong key in _keys)
            (left, right) = (right, left ^ (Round(right, key) & _halfMask));
        return (left << _halfBits) | right;
    }

    private static ulong Round(ulong half, ulong key)
    {
        ulong z = (half ^ key) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 29)) * 0xBF58476D1CE4E5B9;
        return z ^ (z >> 32);
    }
}
