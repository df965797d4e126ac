using System.Numerics;
using System.Runtime.InteropServices;

namespace Espalier.Engine.Weights;

/// <summary>
/// Where the stored elements of a sparse tensor stand, in row-major order, in one of two forms. The bitmask has a bit for
/// each element, laid as <see cref="BitPacking"/> lays numbers of one bit. The relative index (Han et al. 2016, "Deep
/// Compression", §2) has a byte w, 2 to 8, then packed numbers of w bits: below 2ʷ − 1 the number of zeros before the next
/// stored element, 2ʷ − 1 so many zeros and no element. What follows the last stored element is zero and not written.
/// </summary>
internal static class SparsePositions
{
    private const int LeastWidth = 2, LargestWidth = 8;

    /// <summary>The shorter of the two forms.</summary>
    public static (SparseLayout Layout, byte[] Bytes) Encode(ReadOnlySpan<bool> kept)
    {
        int width = LeastWidth;
        long least = long.MaxValue;
        for (int w = LeastWidth; w <= LargestWidth; w++)
        {
            long bytes = 1 + BitPacking.Bytes(CountNumbers(kept, w), w);
            (least, width) = bytes < least ? (bytes, w) : (least, width);
        }

        return least < BitPacking.Bytes(kept.Length, 1)
            ? (SparseLayout.RelativeIndex, EncodeIndex(kept, width))
            : (SparseLayout.Bitmask, BitPacking.Pack(MemoryMarshal.AsBytes(kept), 1));
    }

    /// <summary>
    /// Marks the stored elements. Returns what is wrong with the bytes, or null; then exactly <paramref name="stored"/>
    /// elements are marked.
    /// </summary>
    public static string? Decode(SparseLayout layout, ReadOnlySpan<byte> bytes, long stored, Span<bool> kept)
        => Decode(layout, bytes, stored, kept.Length, kept);

    /// <summary>The same check for <paramref name="elements"/> elements without marking them: what a file claims may be much
    /// larger than the file.</summary>
    public static string? Check(SparseLayout layout, ReadOnlySpan<byte> bytes, long stored, long elements)
        => Decode(layout, bytes, stored, elements, []);

    /// <summary>Expected bytes of the shorter form where each element is stored with equal probability.</summary>
    public static double TheoreticalBytes(long elements, long stored)
    {
        double density = elements == 0 ? 0 : (double)stored / elements, least = elements / 8.0;
        for (int w = LeastWidth; w <= LargestWidth; w++)
        {
            // A gap takes one number more each time that it outlasts 2^w − 1 zeros: a geometric series.
            double outlasts = Math.Pow(1 - density, (1 << w) - 1);
            least = density > 0 ? Math.Min(least, 1 + (stored * w / 8.0 / (1 - outlasts))) : 1;
        }

        return least;
    }

    // Marks nothing where there is nothing to mark.
    private static string? Decode(SparseLayout layout, ReadOnlySpan<byte> bytes, long stored, long elements, Span<bool> kept)
        => layout == SparseLayout.Bitmask ? DecodeMask(bytes, stored, elements, kept) : DecodeIndex(bytes, stored, elements, kept);

    private static string? DecodeMask(ReadOnlySpan<byte> bytes, long stored, long elements, Span<bool> kept)
    {
        if (bytes.Length != BitPacking.Bytes(elements, 1))
        {
            return $"has a mask of {bytes.Length} bytes; expected {BitPacking.Bytes(elements, 1)} for {elements} elements";
        }

        long ones = 0;
        foreach (byte b in bytes)
        {
            ones += BitOperations.PopCount(b);
        }

        if (ones != stored || !BitPacking.EndsClean(bytes, elements, 1))
        {
            return $"has a mask with {ones} bits set; expected {stored}, all of them within {elements} elements";
        }

        BitPacking.Unpack(bytes, 1, MemoryMarshal.AsBytes(kept));
        return null;
    }

    private static string? DecodeIndex(ReadOnlySpan<byte> bytes, long stored, long elements, Span<bool> kept)
    {
        int width = bytes.IsEmpty ? 0 : bytes[0];
        if (width is < LeastWidth or > LargestWidth)
        {
            return $"has an index of numbers of {width} bits; expected {LeastWidth} to {LargestWidth}";
        }

        // As many whole numbers as there are; those behind the last stored element must not exist, but for the last byte's end.
        byte[] numbers = new byte[(bytes.Length - 1) * 8L / width];
        BitPacking.Unpack(bytes[1..], width, numbers);
        int skip = (1 << width) - 1;
        long at = 0, found = 0, used = 0;
        kept.Clear();
        while (found < stored && used < numbers.Length)
        {
            int number = numbers[used++];
            at += number;
            if (number == skip)
            {
                continue;
            }

            if (at >= elements)
            {
                return $"has an index that leads to element {at}; expected less than {elements}";
            }

            if (!kept.IsEmpty)
            {
                kept[(int)at] = true;
            }

            at++;
            found++;
        }

        return found != stored ? $"has an index of {found} elements; expected {stored}"
            : BitPacking.Bytes(used, width) != bytes.Length - 1 || (used > 0 && !BitPacking.EndsClean(bytes, used, width))
                ? $"has an index of {bytes.Length} bytes; expected it to end with element {stored} after {1 + BitPacking.Bytes(used, width)}"
            : null;
    }

    private static byte[] EncodeIndex(ReadOnlySpan<bool> kept, int width)
    {
        byte[] numbers = new byte[CountNumbers(kept, width)];
        int skip = (1 << width) - 1, gap = 0, at = 0;
        foreach (bool stored in kept)
        {
            if (!stored)
            {
                gap++;
                continue;
            }

            for (; gap >= skip; gap -= skip)
            {
                numbers[at++] = (byte)skip;
            }

            numbers[at++] = (byte)gap;
            gap = 0;
        }

        return [(byte)width, .. BitPacking.Pack(numbers, width)];
    }

    private static long CountNumbers(ReadOnlySpan<bool> kept, int width)
    {
        long count = 0;
        int skip = (1 << width) - 1, gap = 0;
        foreach (bool stored in kept)
        {
            if (stored)
            {
                count += (gap / skip) + 1;
                gap = -1;
            }

            gap++;
        }

        return count;
    }
}
