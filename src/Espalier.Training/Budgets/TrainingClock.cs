namespace Espalier.Training.Budgets;

/// <summary>What a run spends time on.</summary>
public enum TrainingPhase
{
    /// <summary>Nothing that is counted.</summary>
    Idle,

    /// <summary>Steps: the budget's time.</summary>
    Training,

    /// <summary>Held-out evaluation.</summary>
    Evaluation,

    /// <summary>Writing checkpoints and the model.</summary>
    Saving,
}

/// <summary>Time by phase. It is carried over from a checkpoint, so that it survives restarts and leaves downtime out.</summary>
/// <param name="Training">Within steps.</param>
/// <param name="Evaluation">Within held-out evaluation.</param>
/// <param name="Saving">Within checkpoints and the model; what a checkpoint took is in the next one, or in the log's end.</param>
public readonly record struct PhaseTimes(TimeSpan Training, TimeSpan Evaluation, TimeSpan Saving);

/// <summary>Adds up the time of each phase, without that during which the process was suspended.</summary>
public sealed class TrainingClock(TimeProvider time) : IDisposable
{
    private readonly SuspensionWatch _watch = new(time);
    private PhaseTimes _past;
    private TrainingPhase _phase;
    private long _since;
    private TimeSpan _suspendedBefore;

    /// <summary>Time during which the process was suspended since this clock was made, in whatever phase.</summary>
    public TimeSpan Suspended => _watch.Suspended;

    /// <summary>The time of each phase so far, that of the running one included.</summary>
    public PhaseTimes Times
    {
        get
        {
            TimeSpan running = _phase == TrainingPhase.Idle ? TimeSpan.Zero : Running();
            return _phase switch
            {
                TrainingPhase.Training => _past with { Training = _past.Training + running },
                TrainingPhase.Evaluation => _past with { Evaluation = _past.Evaluation + running },
                TrainingPhase.Saving => _past with { Saving = _past.Saving + running },
                _ => _past,
            };
        }
    }

    /// <summary>Ends the running phase and begins another.</summary>
    public void Enter(TrainingPhase phase)
    {
        _past = Times;
        _phase = phase;
        (_since, _suspendedBefore) = (time.GetTimestamp(), _watch.Suspended);
    }

    /// <summary>Goes on from the times of a checkpoint, in no phase.</summary>
    public void Restore(PhaseTimes past) => (_past, _phase) = (past, TrainingPhase.Idle);

    /// <inheritdoc/>
    public void Dispose() => _watch.Dispose();

    private TimeSpan Running()
    {
        TimeSpan running = time.GetElapsedTime(_since) - (_watch.Suspended - _suspendedBefore);
        return running > TimeSpan.Zero ? running : TimeSpan.Zero;
    }
}
