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

    /// <summary>The limits of a budget that are not used up: more of one measure is of no use while another is.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="budget">The new budget.</param>
    /// <param name="state">Where training stands.</param>
    /// <param name="warnings">Receives the limits that no longer hold.</param>
    /// <exception cref="RunException">All of it is used up.</exception>
    public static TrainingBudget StillOpen(string path, TrainingBudget budget, TrainingState state, List<string> warnings)
    {
        TrainingBudget open = budget.WithoutUsedUp(state.Spent, state.StepCost?.Time ?? TimeSpan.Zero, out IReadOnlyList<string> usedUp);
        if (open == new TrainingBudget() && usedUp.Count > 0)
        {
            throw new RunException(path, $"the budget of {string.Join(", ", usedUp)} is used up already; give it more, such as --time +30m");
        }

        warnings.AddRange(usedUp.Select(limit => $"the limit of {limit} is used up and no longer holds"));
        return open;
    }

    /// <summary>What there is to say where another machine goes on with a run; nothing on the same.</summary>
    public static IEnumerable<string> MachineWarnings(RunManifest manifest, Device device)
        => device.Description == manifest.Machine.Device ? []
            : [$"the run was made on {manifest.Machine.Device} and goes on on {device.Description}: its last bits will differ"];
}
