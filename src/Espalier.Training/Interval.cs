namespace Espalier.Training;

/// <summary>How often something is done: every so many steps, every so much training time, or both; never when neither is given.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Time">Training time.</param>
public sealed record Interval(long? Steps = null, TimeSpan? Time = null)
{
    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate(string name)
    {
        List<string> faults = [];
        if (Steps < 1)
        {
            faults.Add($"{name} every {Steps} steps; expected 1 or more");
        }

        if (Time <= TimeSpan.Zero)
        {
            faults.Add($"{name} every {Time}; expected more than no time");
        }

        return faults;
    }

    /// <summary>Whether a multiple of it lies after <paramref name="before"/>, and not after <paramref name="now"/>: a
    /// function of the two alone, so that a resumed run keeps to the beat.</summary>
    internal bool IsDue(in Budgets.TrainingSpent before, in Budgets.TrainingSpent now)
        => (Steps is { } steps && before.Steps / steps < now.Steps / steps)
            || (Time is { } time && Math.Floor(before.Time / time) < Math.Floor(now.Time / time));
}
