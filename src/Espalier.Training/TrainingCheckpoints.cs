using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>The checkpoints of a training: what it begins with, what it saves, and what it goes back to after a divergence.</summary>
/// <param name="run">The run.</param>
/// <param name="learner">What is saved and restored.</param>
/// <param name="settings">The budget, when to save, and how many are kept.</param>
internal sealed class TrainingCheckpoints(RunDirectory run, Learner learner, TrainerSettings settings)
{
    private Checkpoint? _newest;
    private long _restoredStep = long.MaxValue;

    /// <summary>Step of the newest; null where there is none yet.</summary>
    public long? NewestStep => _newest?.Step;

    /// <summary>Keeps the model at parts of the budget; null keeps none.</summary>
    public FractionModels? Fractions { get; set; }

    /// <summary>Whether it is time to save.</summary>
    public bool IsDue => FractionsDue.Length > 0 || settings.Checkpoints.Every.IsDue(learner.State.SavedAt, learner.State.Spent);

    /// <summary>Whether the newest is not what stands now, or a part of the budget was reached that nothing is kept of.</summary>
    public bool IsMissing => _newest?.Step != learner.State.Step || FractionsDue.Length > 0;

    /// <summary>Whether the run's model is of more training than what stands now: training went on from before a damaged checkpoint.</summary>
    public bool ModelIsFurther => Directory.Exists(run.ModelPath)
        && CheckpointStore.NewestStep(Path.Join(run.Path, RunDirectory.CheckpointsName)) > learner.State.Step;

    /// <summary>The parts of the budget at which to save that were reached since the last save. Where it was saved at one exactly, that
    /// may have been under another budget.</summary>
    private double[] FractionsDue
    {
        get
        {
            double past = settings.Budget.Fraction(learner.State.SavedAt), now = settings.Budget.Fraction(learner.State.Spent);
            return [.. settings.Checkpoints.Fractions.Where(f => f <= now && (past < f || (past == f && Fractions?.Has(f) == false)))];
        }
    }

    /// <summary>Restores the newest that is whole, and cuts the log back to where it was. Without any, training begins.</summary>
    /// <returns>Those that are damaged, and what is wrong with them.</returns>
    /// <exception cref="RunDamagedException">The run was trained, and no checkpoint of it is whole.</exception>
    public IReadOnlyList<(string Path, string Fault)> Restore()
    {
        List<(string Path, string Fault)> damaged = [];
        _newest = run.Checkpoints.Latest((path, fault) => damaged.Add((path, fault)));
        if (_newest == null && (damaged.Count > 0 || WasTrained))
        {
            throw new RunDamagedException(run.Path, damaged.Count > 0
                ? $"none of its checkpoints is whole: {string.Join("; ", damaged.Select(d => $"{d.Path}: {d.Fault}"))}; put one back, or begin another run, for which the model in {run.ModelPath} may still serve"
                : "it was trained, and its checkpoints are gone; put them back, or begin another run");
        }

        run.Events.CutBack(_newest?.EventBytes ?? 0);
        if (_newest != null)
        {
            learner.Restore(_newest);
        }

        return damaged;
    }

    /// <summary>Renames one that is damaged, and returns its new place.</summary>
    public string SetAside(string path) => run.Checkpoints.SetAside(path);

    /// <summary>Keeps the model for the parts of the budget that were reached, and returns them; to be done before a checkpoint says that
    /// it has been.</summary>
    public double[] KeepFractions()
    {
        double[] due = FractionsDue;
        foreach (double fraction in due)
        {
            Fractions?.Keep(fraction, learner.State.Spent);
        }

        return due;
    }

    /// <summary>Saves.</summary>
    public void Save()
    {
        _newest = learner.Save(run.Checkpoints, run.Events.Flush());
        run.Checkpoints.Prune(settings.Checkpoints.Keep);
        _restoredStep = long.MaxValue;
    }

    /// <summary>Tells the newest what has gone on since: times and the log, but neither weights nor moments.</summary>
    public void Update() => _newest = run.Checkpoints.Update(_newest!, learner.State, run.Events.Flush());

    /// <summary>Goes back to the newest good one; false where there is none.</summary>
    /// <param name="further">Whether only one before that to which training went back last will do.</param>
    public bool GoBack(bool further)
    {
        // One that led straight into a divergence again is not good: then the one before it.
        Checkpoint? checkpoint = run.Checkpoints.Latest((_, _) => { }, before: _restoredStep)
            ?? (further ? null : run.Checkpoints.Latest((_, _) => { }));
        if (checkpoint == null)
        {
            return false;
        }

        TrainingState diverged = learner.State;
        learner.Restore(checkpoint);
        run.Checkpoints.DeleteAfter(checkpoint.Step);

        // What training has taken remains.
        learner.State = learner.State.After(diverged, learner.Times);
        (_newest, _restoredStep) = (checkpoint, checkpoint.Step);
        return true;
    }

    private bool WasTrained => Directory.Exists(run.ModelPath) || EventLog.Read(Path.Join(run.Path, RunDirectory.EventsName)).Any(e => e.Step > 0);
}
