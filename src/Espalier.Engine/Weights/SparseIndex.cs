namespace Espalier.Engine.Weights;

/// <summary>
/// Where the elements of a sparse tensor lie: for each its distance in zeros from the one before, in w bits; the highest number stands for
/// that many zeros and no element (Han et al. 2016, §2).
/// </summary>
public static class SparseIndex
{
    /// <summary>The fewest bits of a distance.</summary>
    public const int LeastBits = 2;

    /// <summary>The most bits of a distance.</summary>
    public const int MostBits = 8;

    /// <summary>Distances of the elements that stay.</summary>
    /// <param name="kept">True for each element that stays.</param>
    /// <param name="bits">w.</param>
    public static byte[] Distances(ReadOnlySpan<bool> kept, int bits)
    {
        int skip = (1 << bits) - 1, zeros = 0;
        List<byte> distances = [];
        foreach (bool stays in kept)
        {
            if (stays)
            {
                distances.Add((byte)zeros);
                zeros = 0;
            }
            else if (++zeros == skip)
            {
                distances.Add((byte)skip);
                zeros = 0;
            }
        }

        return [.. distances];
    }

    /// <summary>How many distances there would be, for each number of bits from <see cref="LeastBits"/> on.</summary>
    public static long[] Count(ReadOnlySpan<bool> kept)
    {
        long[] counts = new long[MostBits - LeastBits + 1];
        long zeros = 0;
        foreach (bool stays in kept)
        {
            if (!stays)
            {
                zeros++;
                continue;
            }

            Add(1);
        }

        Add(0);
        return counts;

        void Add(int element)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                counts[i] += (zeros / ((1 << (i + LeastBits)) - 1)) + element;
            }

            zeros = 0;
        }
    }

    /// <summary>The elements that stay.</summary>
    /// <param name="distances">As <see cref="Distances"/> gives them.</param>
    /// <param name="bits">w.</param>
    /// <param name="count">Elements of the tensor.</param>
    /// <returns>Null where the distances lead beyond the end.</returns>
    public static bool[]? Kept(ReadOnlySpan<byte> distances, int bits, long count)
    {
        int skip = (1 << bits) - 1;
        bool[] kept = new bool[count];
        long at = 0;
        foreach (byte distance in distances)
        {
            at += distance;
            if (distance != skip)
            {
                if (at >= count)
                {
                    return null;
                }

                kept[at++] = true;
            }
        }

        return at <= count ? kept : null;
    }
}
