using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>Timing on a machine that others use too: contestants take turns, and the median counts.</summary>
internal static class Measure
{
    // A library's idle threads may spin for tens of milliseconds (OpenBLAS's do) and would take half a core from the next.
    private const int RestMilliseconds = 100, CallsOfTurn = 2, LeastTurns = 7;

    /// <summary>
    /// Lets ours and theirs take turns until <paramref name="seconds"/> are over and each has had seven; a turn is a rest where
    /// <paramref name="rest"/> says so, an uncounted call and two counted ones (where <paramref name="warm"/> says that ours
    /// is too long to need it, one counted call). Returns both medians in seconds, and the median
    /// over the turns of their time over ours in the same turn: what disturbs the machine for longer disturbs both.
    /// </summary>
    public static (double Ours, double Theirs, double Ratio) InTurn(
        double seconds, bool rest, Action ours, Action theirs, bool warm = true)
    {
        (List<double> own, List<double> other, List<double> ratios) = Turns(seconds, rest, ours, theirs, warm);
        return (Median(own), Median(other), Median(ratios));
    }

    /// <summary>The same turns: every time of either, and the ratio of every turn.</summary>
    public static (List<double> Ours, List<double> Theirs, List<double> Ratios) Turns(
        double seconds, bool rest, Action ours, Action theirs, bool warm = true)
    {
        List<double> own = [], other = [], ratios = [];
        var whole = Stopwatch.StartNew();
        while (ratios.Count < LeastTurns || (whole.Elapsed.TotalSeconds < seconds && ratios.Count < 1000))
        {
            double first = Turn(rest, warm, ours, own), second = Turn(rest, warm: true, theirs, other);
            ratios.Add(second / first);
        }

        return (own, other, ratios);
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

    // The mean time of the counted calls.
    private static double Turn(bool rest, bool warm, Action contestant, List<double> times)
    {
        if (rest)
        {
            Thread.Sleep(RestMilliseconds);
        }

        int calls = warm ? CallsOfTurn : 1;
        if (warm)
        {
            contestant();
        }

        double sum = 0;
        for (int call = 0; call < calls; call++)
        {
            long start = Stopwatch.GetTimestamp();
            contestant();
            double time = Stopwatch.GetElapsedTime(start).TotalSeconds;
            times.Add(time);
            sum += time;
        }

        return sum / calls;
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
