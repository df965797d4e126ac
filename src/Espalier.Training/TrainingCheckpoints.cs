using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>The checkpoints of a training: what it begins with, what it saves, and what it goes back to after a divergence.</summary>
/// <param name="run">The run.</param>
/// <param name="learner">What is saved and restored.</param>
/// <param name="policy">How many are kept.</param>
internal sealed class TrainingCheckpoints(RunDirectory run, Learner learner, CheckpointPolicy policy)
{
    private Checkpoint? _newest;
    private long _restoredStep = long.MaxValue;

    /// <summary>Step of the newest; null where there is none yet.</summary>
    public long? NewestStep => _newest?.Step;

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
                ? $"none of its checkpoints is whole: {string.Join("; ", damaged.Select(d => $"{d.Path}: {d.Fault}"))}"
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

    /// <summary>Saves.</summary>
    /// <param name="fraction">The part of the budget for which it is kept for good; null for none.</param>
    public void Save(double? fraction)
    {
        _newest = learner.Save(run.Checkpoints, fraction, run.Events.Flush());
        run.Checkpoints.Prune(policy.Keep);
        _restoredStep = long.MaxValue;
    }

    /// <summary>Tells the newest what has gone on since: times and the log, but neither weights nor moments.</summary>
    public void Update() => _newest = run.Checkpoints.Update(_newest!, learner.State, run.Events.Flush());

    /// <summary>Goes back to the newest good one; false where there is none.</summary>
    public bool GoBack()
    {
        // One that led straight into a divergence again is not good: then the one before it.
        Checkpoint? checkpoint = run.Checkpoints.Latest((_, _) => { }, before: _restoredStep) ?? run.Checkpoints.Latest((_, _) => { });
        if (checkpoint == null)
        {
            return false;
        }

        learner.Restore(checkpoint);
        run.Checkpoints.DeleteAfter(checkpoint.Step);
        (_newest, _restoredStep) = (checkpoint, checkpoint.Step);
        return true;
    }

    private bool WasTrained => Directory.Exists(run.ModelPath) || EventLog.Read(Path.Join(run.Path, RunDirectory.EventsName)).Any(e => e.Step > 0);
}
