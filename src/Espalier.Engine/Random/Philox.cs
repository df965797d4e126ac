using System.Runtime.CompilerServices;

namespace Espalier.Engine.Random;

/// <summary>
/// Philox4x32: a counter-based random number generator (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011). Each 128-bit counter gives four independent 32-bit words; nothing is stored between draws.
/// </summary>
public static class Philox
{
    internal const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57;
    internal const uint Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The four words at a counter.</summary>
    /// <param name="c0">Counter, lowest word.</param>
    /// <param name="c1">Counter, second word.</param>
    /// <param name="c2">Counter, third word.</param>
    /// <param name="c3">Counter, highest word.</param>
    /// <param name="key">The seed.</param>
    /// <param name="rounds">10 is the published default; 7 is the fewest that passes BigCrush (same paper, Table 2).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (uint W0, uint W1, uint W2, uint W3) Draw(uint c0, uint c1, uint c2, uint c3, ulong key, int rounds = 10)
    {
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        for (int round = 0; round < rounds; round++)
        {
            ulong p0 = (ulong)Multiplier0 * c0, p1 = (ulong)Multiplier1 * c2;
            (c0, c1, c2, c3) = ((uint)(p1 >> 32) ^ c1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ c3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }

        return (c0, c1, c2, c3);
    }
}
