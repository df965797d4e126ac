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

    /// <summary>Where training goes on: at the newest checkpoint that is whole. The trainer says which are damaged.</summary>
    /// <param name="run">The run.</param>
    public static TrainingState StateOf(RunDirectory run) => run.Checkpoints.Latest((_, _) => { })?.State ?? new TrainingState();

    /// <summary>What there is to say where a run is gone on with that has come to the end of its budget, and is given no more.</summary>
    public static IEnumerable<string> EndWarnings(TrainingBudget budget, TrainingState state)
    {
        _ = budget.WithoutUsedUp(state.Spent, TimeOfStep(state), out TrainingBudget usedUp);
        return usedUp == new TrainingBudget() ? []
            : [$"its budget of {BudgetWords.Of(usedUp)} is used up: there is nothing left to train; give it more, such as {BudgetWords.More(usedUp)}"];
    }

    /// <summary>The budget that a run goes on with: what it is given, without the limits that it ended by before and that were left as
    /// they were, for more of one measure is of no use while another is used up.</summary>
    /// <param name="path">The run's folder.</param>
    /// <param name="old">The budget that it had.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent.</param>
    /// <param name="state">Where training goes on.</param>
    /// <param name="warnings">Receives the limits that no longer hold.</param>
    /// <exception cref="RunException">All of it is used up, or a limit that was given anew is.</exception>
    public static TrainingBudget Given(
        string path, TrainingBudget old, Func<TrainingBudget, TrainingSpent, TrainingBudget> budget, TrainingState state, List<string> warnings)
    {
        TimeSpan step = TimeOfStep(state);
        TrainingSpent spent = Furthest(path, state);
        TrainingBudget asked = budget(old, old.Whole(spent, step));
        TrainingBudget open = asked.WithoutUsedUp(spent, step, out TrainingBudget usedUp), none = new();
        if (open == none && usedUp != none)
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
        }.WithoutUsedUp(spent, step, out TrainingBudget given);
        if (given != none)
        {
            throw UsedUp(given);
        }

        if (usedUp != none)
        {
            warnings.Add($"the limit of {BudgetWords.Of(usedUp)} is used up and no longer holds");
        }

        return open;

        RunException UsedUp(TrainingBudget limits) => new(
            path, $"the budget of {BudgetWords.Of(limits)} is used up already: {BudgetWords.Spent(spent, limits)} are done; give it more, such as {BudgetWords.More(limits)}");
    }

    private static TimeSpan TimeOfStep(TrainingState state) => state.StepCost?.Time ?? TimeSpan.Zero;

    /// <summary>What was spent on the run, as its log has it, also where its newest checkpoint is damaged and training goes on from one
    /// before: a limit that lies between the two would end the run with a lesser model than it has.</summary>
    private static TrainingSpent Furthest(string path, TrainingState state)
    {
        long newest = CheckpointStore.NewestStep(Path.Join(path, RunDirectory.CheckpointsName));
        if (newest <= state.Step)
        {
            return state.Spent;
        }

        TrainingEvent? then = EventLog.Read(Path.Join(path, RunDirectory.EventsName)).LastOrDefault(e => e.Step <= newest);
        TrainingSpent spent = state.Spent;
        return new TrainingSpent(
            TimeSpan.FromSeconds(Math.Max(then?.Elapsed ?? 0, spent.Time.TotalSeconds)), newest, Math.Max(then?.Tokens ?? 0, spent.Tokens),
            Math.Max(then?.Epochs ?? 0, spent.Epochs));
    }

    /// <summary>What there is to say where another machine goes on with a run; nothing on the same.</summary>
    public static IEnumerable<string> MachineWarnings(RunManifest manifest, Device device)
        => device.Description == manifest.Machine.Device ? []
            : [$"the run was made on {manifest.Machine.Device} and goes on on {device.Description}: its last bits will differ"];
}
