using System.Globalization;
using static System.FormattableString;

namespace Espalier.Cli.Commands;

/// <summary>What else a machine did while it was measured.</summary>
/// <param name="LoadAverage">Processes that ran or waited to, a mean over the minute before; null where the system does not tell.</param>
/// <param name="PeakFlopsBefore">Rate of plain matrix products before all else was measured.</param>
/// <param name="PeakFlopsAfter">The same after it.</param>
/// <param name="Threads">Threads that measured.</param>
/// <param name="Cores">Logical cores.</param>
internal sealed record MachineLoad(double? LoadAverage, double PeakFlopsBefore, double PeakFlopsAfter, int Threads, int Cores)
{
    // An idle system has a few hundredths; clocks and caches alone move the rate by some parts in a hundred.
    private const double Idle = 0.3, Steady = 0.1;

    /// <summary>Whether other programs took part of the machine, so far as can be told.</summary>
    public bool Busy => LoadAverage > Idle || Change > Steady;

    /// <summary>The part by which the two measurements differ.</summary>
    public double Change => 1 - (Math.Min(PeakFlopsBefore, PeakFlopsAfter) / Math.Max(PeakFlopsBefore, PeakFlopsAfter));

    /// <summary>How many times as fast the idle machine may be: threads share the cores with what ran before, and cannot be slowed by
    /// less than the two measurements differ.</summary>
    public double IdleGain => Math.Max(Math.Max(1, ((LoadAverage ?? 0) + Threads) / Math.Max(Cores, Threads)), 1 / (1 - Change));

    /// <summary>The load average of the minute that is over; null where the system does not tell.</summary>
    public static double? Now()
    {
        try
        {
            return Parse(File.ReadAllText("/proc/loadavg"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // There is no such file but on Linux.
            return null;
        }
    }

    /// <summary>Reads the first number of a text such as <c>0.52 0.48 0.31 1/345 6789</c>; null where there is none.</summary>
    internal static double? Parse(string text)
        => double.TryParse(text.Split(' ')[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    public void Write(TextWriter text)
    {
        string average = LoadAverage is { } load ? Invariant($"load average {load:F2} in the minute before") : "the system tells no load average";
        text.WriteLine(Invariant($"  load      {average}; the rate of products, measured twice, differs by {Change:P0}"));
        if (Busy)
        {
            text.WriteLine("  BUSY      other programs are at work, so that times are too long here, and rates and numbers of steps too low: on the idle");
            text.WriteLine(Invariant($"            machine steps may be up to {IdleGain:F1} times as fast. A job begun now gets so many fewer steps, and plans for that."));
        }
    }
}
