using System.Globalization;
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

    /// <summary>Where training stands: at the newest checkpoint that is whole.</summary>
    /// <param name="run">The run.</param>
    /// <param name="warnings">Receives those that are damaged and passed over.</param>
    public static TrainingState StateOf(RunDirectory run, List<string> warnings)
    {
        List<string> damaged = [];
        TrainingState state = run.Checkpoints.Latest((path, fault) => damaged.Add($"{path} is damaged and passed over: {fault}"))?.State ?? new TrainingState();
        warnings.AddRange(damaged.Select(d => $"{d}; training goes on from step {state.Step}, and what came after it is done again"));
        return state;
    }

    /// <summary>What there is to say where a run is gone on with that has come to the end of its budget, and is given no more.</summary>
    public static IEnumerable<string> EndWarnings(TrainingBudget budget, TrainingState state)
        => budget.IsOver(state.Spent, state.StepCost?.Time ?? TimeSpan.Zero)
            ? ["its budget is used up: there is nothing left to train; give it more, such as --time +30m or --steps +1000"] : [];

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
            => new(path, string.Create(CultureInfo.InvariantCulture, $"the budget of {string.Join(", ", limits)} is used up already: {state.Step} steps ")
                + string.Create(CultureInfo.InvariantCulture, $"in {state.Spent.Time.TotalSeconds:0.#} s are done; give it more, such as --time +30m or --steps +1000"));
    }

    /// <summary>What there is to say where another machine goes on with a run; nothing on the same.</summary>
    public static IEnumerable<string> MachineWarnings(RunManifest manifest, Device device)
        => device.Description == manifest.Machine.Device ? []
            : [$"the run was made on {manifest.Machine.Device} and goes on on {device.Description}: its last bits will differ"];
}
