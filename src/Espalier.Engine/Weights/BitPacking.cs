namespace Espalier.Engine.Weights;

/// <summary>
/// Numbers of 1 to 8 bits without gaps: number i takes bits [i·k, (i + 1)·k) of the string in which bit b is bit b mod 8,
/// counted from the least significant, of byte b / 8. Bits behind the last number are zero.
/// </summary>
internal static class BitPacking
{
    /// <summary>Bytes that <paramref name="count"/> numbers take.</summary>
    public static long Bytes(long count, int bits) => ((count * bits) + 7) / 8;

    /// <summary>Packs numbers below 2^<paramref name="bits"/>.</summary>
    public static byte[] Pack(ReadOnlySpan<byte> numbers, int bits)
    {
        byte[] packed = new byte[Bytes(numbers.Length, bits)];
        uint held = 0;
        int heldBits = 0, at = 0;
        foreach (byte number in numbers)
        {
            held |= (uint)number << heldBits;
            for (heldBits += bits; heldBits >= 8; heldBits -= 8, held >>= 8)
            {
                packed[at++] = (byte)held;
            }
        }

        if (heldBits > 0)
        {
            packed[at] = (byte)held;
        }

        return packed;
    }

    /// <summary>Overwrites <paramref name="numbers"/> with the first of those that were packed.</summary>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> numbers)
    {
        uint held = 0, mask = (1u << bits) - 1;
        int heldBits = 0, at = 0;
        foreach (ref byte number in numbers)
        {
            if (heldBits < bits)
            {
                held |= (uint)packed[at++] << heldBits;
                heldBits += 8;
            }

            number = (byte)(held & mask);
            held >>= bits;
            heldBits -= bits;
        }
    }

    /// <summary>Whether the bits behind the last of <paramref name="count"/> numbers are zero.</summary>
    public static bool EndsClean(ReadOnlySpan<byte> packed, long count, int bits)
    {
        int used = (int)(count * bits % 8);
        return used == 0 || packed[^1] >> used == 0;
    }
}
