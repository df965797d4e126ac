namespace Espalier.Training.Timing;

/// <summary>
/// Times steps as in the paper (§2.2): waits until the time per step is stable, then averages 100. Stable means that the
/// medians of two neighbouring windows of ten steps are within 5 % of each other.
/// </summary>
public sealed class StepTimer
{
    /// <summary>Steps to average.</summary>
    public const int Wanted = 100;

    private const int Window = 10;
    private const double Tolerance = 0.05;

    // While unstable only so many are kept: a machine that never settles must not make the list grow for ever.
    private const int Kept = 2 * Wanted;

    private readonly List<double> _seconds = [];
    private List<double> _settled = [];
    private int _seen;
    private bool _stable;

    /// <summary>Whether all steps that are wanted were timed.</summary>
    public bool IsComplete => _stable && _seconds.Count >= Wanted;

    /// <summary>Adds a step; once complete it changes nothing.</summary>
    /// <returns>Whether this step completed the measurement.</returns>
    public bool Add(TimeSpan step)
    {
        if (IsComplete)
        {
            return false;
        }

        _seen++;
        _seconds.Add(step.TotalSeconds);
        if (_stable)
        {
            return IsComplete;
        }

        if (_seconds.Count >= 2 * Window && _seconds.Count % Window == 0)
        {
            double before = Median(_seconds[^(2 * Window)..^Window]), after = Median(_seconds[^Window..]);
            _stable = Math.Abs(after - before) <= Tolerance * before;
        }

        if (_stable)
        {
            // Stands in for the average until as many steps have followed it.
            _settled = _seconds[^Window..];
            _seconds.Clear();
        }
        else if (_seconds.Count >= Kept)
        {
            _seconds.RemoveRange(0, Kept / 2);
        }

        return false;
    }

    /// <summary>The figures so far; null before the second step.</summary>
    public StepTiming? Result()
    {
        // The first step pays for the first touch of all memory: never counted.
        int first = _seconds.Count == _seen ? 1 : 0;
        List<double> counted = _stable && _seconds.Count < Window ? [.. _settled, .. _seconds] : _seconds[Math.Min(first, _seconds.Count)..];
        if (counted.Count == 0)
        {
            return null;
        }

        double mean = counted.Average();
        double variance = counted.Sum(s => (s - mean) * (s - mean)) / Math.Max(1, counted.Count - 1);
        return new StepTiming(mean, Math.Sqrt(variance), Median(counted), counted.Count, _seen - counted.Count, _stable);
    }

    /// <summary>The middle value, or the mean of the two in the middle.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
