namespace Espalier.Engine.Weights;

/// <summary>
/// Numbers of a few bits in bytes without gaps: the lowest bit of number i is bit i·k of the bytes, counted from the lowest bit of the
/// first one. Bits after the last number are zero.
/// </summary>
public static class BitPacking
{
    /// <summary>Bytes that <paramref name="count"/> numbers of <paramref name="bits"/> bits take.</summary>
    public static long Bytes(long count, int bits) => checked((count * bits) + 7) / 8;

    /// <summary>Packs numbers.</summary>
    /// <param name="numbers">Each less than 2^bits.</param>
    /// <param name="bits">1 to 8.</param>
    public static byte[] Pack(ReadOnlySpan<byte> numbers, int bits)
    {
        byte[] packed = new byte[Bytes(numbers.Length, bits)];
        int at = 0, held = 0;
        uint waiting = 0;
        foreach (byte number in numbers)
        {
            waiting |= (uint)number << held;
            for (held += bits; held >= 8; held -= 8)
            {
                packed[at++] = (byte)waiting;
                waiting >>= 8;
            }
        }

        if (held > 0)
        {
            packed[at] = (byte)waiting;
        }

        return packed;
    }

    /// <summary>Unpacks the first numbers.</summary>
    /// <param name="packed">As <see cref="Pack"/> leaves them.</param>
    /// <param name="bits">1 to 8.</param>
    /// <param name="numbers">Overwritten; decides how many.</param>
    public static void Unpack(ReadOnlySpan<byte> packed, int bits, Span<byte> numbers)
    {
        int at = 0, held = 0;
        uint waiting = 0, mask = (1u << bits) - 1;
        for (int i = 0; i < numbers.Length; i++)
        {
            if (held < bits)
            {
                waiting |= (uint)packed[at++] << held;
                held += 8;
            }

            numbers[i] = (byte)(waiting & mask);
            waiting >>= bits;
            held -= bits;
        }
    }
}
