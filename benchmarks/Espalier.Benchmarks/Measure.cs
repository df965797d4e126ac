using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>Timing on a machine that others use too: contestants take turns, and the median counts.</summary>
internal static class Measure
{
    /// <summary>
    /// Runs the contestants in turn (A B A B …) after one uncounted turn each, until <paramref name="seconds"/> are over and
    /// at least five turns are done; returns each one's median time in seconds.
    /// </summary>
    public static double[] InTurn(double seconds, params Action[] contestants)
    {
        foreach (Action contestant in contestants)
        {
            contestant();
        }

        var times = contestants.Select(_ => new List<double>()).ToArray();
        var whole = Stopwatch.StartNew();
        while (times[0].Count < 5 || (whole.Elapsed.TotalSeconds < seconds && times[0].Count < 1000))
        {
            for (int i = 0; i < contestants.Length; i++)
            {
                long start = Stopwatch.GetTimestamp();
                contestants[i]();
                times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        return [.. times.Select(t => Median(t))];
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
