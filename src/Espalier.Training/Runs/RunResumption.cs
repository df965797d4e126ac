using Espalier.Engine.Devices;
using Espalier.Training.Budgets;

namespace Espalier.Training.Runs;

/// <summary>What is asked of every run that is gone on with.</summary>
internal static class RunResumption
{
    /// <summary>Checks that something is still what the run was made with.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="same">Whether it is.</param>
    /// <param name="what">What it is, and where.</param>
    /// <exception cref="RunMismatchException">It is not.</exception>
    public static void Require(string path, bool same, string what)
    {
        if (!same)
        {
            throw new RunMismatchException(path, $"{what} is not what the run was made with; put that back, or begin another run");
        }
    }

    /// <summary>Where training stands.</summary>
    public static TrainingState StateOf(RunDirectory run) => run.Checkpoints.Latest((_, _) => { })?.State ?? new TrainingState();

    /// <summary>The budget that a run goes on with: what it is given, without the limits that it ended by before and that were left as
    /// they were, for more of one measure is of no use while another is used up.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="old">The budget that it had.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent.</param>
    /// <param name="state">Where training stands.</param>
    /// <param name="warnings">Receives the limits that no longer hold.</param>
    /// <exception cref="RunException">All of it is used up, or a limit that was given anew is.</exception>
    public static TrainingBudget Given(
        string path, TrainingBudget old, Func<TrainingBudget, TrainingSpent, TrainingBudget> budget, TrainingState state, List<string> warnings)
    {
        TimeSpan step = state.StepCost?.Time ?? TimeSpan.Zero;
        TrainingBudget asked = budget(old, old.Whole(state.Spent, step));
        TrainingBudget open = asked.WithoutUsedUp(state.Spent, step, out IReadOnlyList<string> usedUp);
        if (open == new TrainingBudget() && usedUp.Count > 0)
        {
            throw UsedUp(usedUp);
        }

        // Whoever sets a limit wants it to hold: without it training might go on for days.
        _ = new TrainingBudget
        {
            Time = asked.Time == old.Time ? null : asked.Time,
            Steps = asked.Steps == old.Steps ? null : asked.Steps,
            Tokens = asked.Tokens == old.Tokens ? null : asked.Tokens,
            Epochs = asked.Epochs == old.Epochs ? null : asked.Epochs,
        }.WithoutUsedUp(state.Spent, step, out IReadOnlyList<string> given);
        if (given.Count > 0)
        {
            throw UsedUp(given);
        }

        warnings.AddRange(usedUp.Select(limit => $"the limit of {limit} is used up and no longer holds"));
        return open;

        RunException UsedUp(IReadOnlyList<string> limits)
            => new(path, $"the budget of {string.Join(", ", limits)} is used up already; give it more, such as --time +30m");
    }

    /// <summary>What there is to say where another machine goes on with a run; nothing on the same.</summary>
    public static IEnumerable<string> MachineWarnings(RunManifest manifest, Device device)
        => device.Description == manifest.Machine.Device ? []
            : [$"the run was made on {manifest.Machine.Device} and goes on on {device.Description}: its last bits will differ"];
}
