using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>Timing on a machine that others use too: contestants take turns, and the median counts.</summary>
internal static class Measure
{
    // A library's idle threads may spin for tens of milliseconds (OpenBLAS's do) and would take half a core from the next.
    private const int RestMilliseconds = 150, CallsOfTurn = 3;

    /// <summary>
    /// Lets the contestants take turns (A B A B …) until <paramref name="seconds"/> are over and each has had three; a turn
    /// is a rest where <paramref name="rest"/> says so, an uncounted call and some counted ones. Returns each one's median
    /// time in seconds.
    /// </summary>
    public static double[] InTurn(double seconds, bool rest, params Action[] contestants)
    {
        var times = contestants.Select(_ => new List<double>()).ToArray();
        var whole = Stopwatch.StartNew();
        while (times[0].Count < 3 * CallsOfTurn || (whole.Elapsed.TotalSeconds < seconds && times[0].Count < 1000))
        {
            for (int i = 0; i < contestants.Length; i++)
            {
                if (rest)
                {
                    Thread.Sleep(RestMilliseconds);
                }

                contestants[i]();
                for (int call = 0; call < CallsOfTurn; call++)
                {
                    long start = Stopwatch.GetTimestamp();
                    contestants[i]();
                    times[i].Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
            }
        }

        return [.. times.Select(t => Median(t))];
    }

    /// <summary>The median time of one contestant alone, in seconds, over five calls or more.</summary>
    public static double Alone(double seconds, Action contestant)
    {
        contestant();
        List<double> times = [];
        var whole = Stopwatch.StartNew();
        while (times.Count < 5 || (whole.Elapsed.TotalSeconds < seconds && times.Count < 1000))
        {
            long start = Stopwatch.GetTimestamp();
            contestant();
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return Median(times);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
