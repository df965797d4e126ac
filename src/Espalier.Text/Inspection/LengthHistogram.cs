namespace Espalier.Text.Inspection;

/// <summary>Counts lengths; exact, and as small as the number of different lengths.</summary>
internal sealed class LengthHistogram(string of, string unit)
{
    private readonly Dictionary<long, long> _counts = [];
    private long _count, _total;

    public void Add(long length)
    {
        System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(_counts, length, out _)++;
        _count++;
        _total += length;
    }

    public LengthSummary Summarize()
    {
        KeyValuePair<long, long>[] sorted = [.. _counts.OrderBy(pair => pair.Key)];
        return _count == 0
            ? new(of, unit, 0, 0, 0, 0, 0, 0, 0)
            : new(of, unit, _total, (double)_total / _count, sorted[0].Key,
                Percentile(sorted, 0.5), Percentile(sorted, 0.9), Percentile(sorted, 0.99), sorted[^1].Key);
    }

    private long Percentile(KeyValuePair<long, long>[] sorted, double share)
    {
        long seen = 0;
        foreach ((long length, long count) in sorted)
        {
            seen += count;
            if (seen >= share * _count)
                return length;
        }
        return sorted[^1].Key;
    }
}
