namespace Espalier.Engine.Kernels.Simd;

/// <summary>Finds the largest elements of a row.</summary>
internal static unsafe class LargestRow<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Elements that are looked at together: most of the time none of them is large enough.</summary>
    private static int Stretch => 4 * TLanes.Count;

    /// <summary>Puts the largest elements and their places in descending order, of equals the first first.</summary>
    /// <param name="x">The row.</param>
    /// <param name="length">Its elements.</param>
    /// <param name="except">Places that are passed over.</param>
    /// <param name="count">How many to find.</param>
    /// <param name="values">Receives them.</param>
    /// <param name="places">Receives their places.</param>
    /// <returns>How many were found: less than asked for where there are no more numbers above −∞.</returns>
    public static int Find(float* x, int length, ReadOnlySpan<int> except, int count, float* values, int* places)
    {
        int found = 0, i = 0;
        for (; count > 0 && i + Stretch <= length; i += Stretch)
        {
            TLanes one = TLanes.Max(TLanes.Load(x + i), TLanes.Load(x + i + TLanes.Count));
            TLanes other = TLanes.Max(TLanes.Load(x + i + (2 * TLanes.Count)), TLanes.Load(x + i + (3 * TLanes.Count)));
            if (found < count || TLanes.Largest(TLanes.Max(one, other)) > values[count - 1])
            {
                found = Consider(x, i, i + Stretch, except, count, values, places, found);
            }
        }

        return Consider(x, i, count > 0 ? length : i, except, count, values, places, found);
    }

    private static int Consider(
        float* x, int begin, int end, ReadOnlySpan<int> except, int count, float* values, int* places, int found)
    {
        for (int i = begin; i < end; i++)
        {
            float value = x[i];
            if (!(value > (found < count ? float.NegativeInfinity : values[count - 1])) || except.Contains(i))
            {
                continue;
            }

            found = Math.Min(found + 1, count);
            int at = found - 1;
            for (; at > 0 && values[at - 1] < value; at--)
            {
                (values[at], places[at]) = (values[at - 1], places[at - 1]);
            }

            (values[at], places[at]) = (value, i);
        }

        return found;
    }
}
