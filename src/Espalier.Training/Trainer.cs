using Espalier.Engine.Models;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training;

/// <summary>
/// The training loop, for every objective: step, clip, AdamW; logging, evaluation, checkpoints; rolling back after a
/// divergence; saving when it is cancelled. With a run directory it goes on from the run's last good checkpoint, to the
/// same bits that an uninterrupted run ends with (given a budget in steps, and the same threads and kernels).
/// </summary>
/// <remarks>One training per object: create it, call <see cref="Run"/>, dispose it.</remarks>
public sealed class Trainer : IDisposable
{
    private readonly TrainerSettings _settings;
    private readonly TrainingCheckpoints? _checkpoints;
    private readonly Learner _learner;
    private readonly TrainingClock _clock;
    private readonly TrainingRecorder _recorder;
    private readonly TrainingRollback _rollback;
    private readonly TrainingEvaluator _evaluator;
    private IProgress<TrainingProgress>? _progress;

    /// <summary>Prepares training.</summary>
    /// <param name="objective">What for; its parameters and position are where training begins.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Where to log and save and what to go on from; null trains in memory only.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="ConfigurationException">The settings have faults; all are listed.</exception>
    public Trainer(IObjective objective, TrainerSettings settings, RunDirectory? run = null, TimeProvider? time = null)
    {
        ConfigurationException.ThrowIfAny("training", settings.Validate());
        time ??= TimeProvider.System;
        _settings = settings;
        _clock = new TrainingClock(time);
        _learner = new Learner(objective, settings, _clock);
        _checkpoints = run == null ? null : new TrainingCheckpoints(run, _learner, settings);
        _recorder = new TrainingRecorder(run?.Events, time);
        _rollback = new TrainingRollback(_learner, _checkpoints, _recorder, settings.Divergence, Tell);
        _evaluator = new TrainingEvaluator(_learner, _recorder, _rollback);
    }

    /// <summary>Told of each evaluation, the last one included; where it is not the last, false ends training early. What it
    /// writes counts as saving.</summary>
    public Func<TrainingState, Evaluation, bool>? KeepGoing
    {
        get => _evaluator.KeepGoing;
        init => _evaluator.KeepGoing = value;
    }

    /// <summary>At the end of training that was not cut short, puts an average of earlier weights into the parameters, to be evaluated
    /// too: returns of how many evaluations, or null where it left them alone. Checkpoints hold the weights of training.</summary>
    public Func<int?>? Average { get; init; }

    /// <summary>Keeps the model at parts of the budget; null keeps none.</summary>
    public FractionModels? Fractions
    {
        get => _checkpoints?.Fractions;
        init => _checkpoints?.Fractions = value;
    }

    /// <summary>Writes what training leaves behind beside checkpoints; called once at its end, whatever that is.</summary>
    public Action? WriteModel { get; init; }

    /// <summary>What a step is expected to take, as measured beforehand: the first step's rate is read with it.</summary>
    public StepCost ExpectedStep { get; init; }

    /// <summary>The machine's rate of plain matrix products, for the log, measured again at evaluations; null where nobody asks for it.</summary>
    public PeakThroughput? Peak { get; init; }

    private TrainingState State
    {
        get => _learner.State;
        set => _learner.State = value;
    }

    // Of steps that were really taken: after a rollback their number says nothing about their time.
    private bool IsOver => _settings.Budget.IsOver(State.Spent, State.StepCost?.Time ?? TimeSpan.Zero);

    /// <summary>Trains until the budget is used up, evaluates and saves.</summary>
    /// <param name="progress">Told after every step, and when another phase begins.</param>
    /// <param name="cancel">Saves, and returns <see cref="TrainingEnd.Interrupted"/>.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; the last good checkpoint is untouched.</exception>
    /// <exception cref="RunDamagedException">The run was trained, and no checkpoint of it is whole.</exception>
    /// <exception cref="RunException">A checkpoint cannot be read just now, or another version wrote it.</exception>
    public TrainingOutcome Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        _progress = progress;
        Begin();
        TrainingEnd end;
        string? message = null;
        try
        {
            (end, message) = !IsOver && _evaluator.WasEnough() ? (TrainingEnd.Stopped, null) : Train(cancel);
            if (end != TrainingEnd.Stopped)
            {
                Evaluate(cancel, gaveUp: end == TrainingEnd.Diverged);
            }

            if (end == TrainingEnd.Diverged && _checkpoints != null)
            {
                message = $"{message}. The model is that of step {State.Step}";
            }

            if (end is TrainingEnd.Finished or TrainingEnd.Stopped)
            {
                EvaluateAverage(cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            end = TrainingEnd.Interrupted;
        }

        End(end, message);
        return new TrainingOutcome(end, State, _evaluator.Latest, _recorder.Timing, message);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _learner.Dispose();
        _clock.Dispose();
    }

    private void Begin()
    {
        IReadOnlyList<(string Path, string Fault)> damaged = _checkpoints?.Restore() ?? [];
        bool begun = _checkpoints?.NewestStep != null;
        if (begun)
        {
            _clock.Restore(State.Times);
        }

        _recorder.Begin(State);
        _recorder.GoOn();
        foreach ((string path, string fault) in damaged)
        {
            Warn($"{path} is damaged and passed over: {fault}; it is now {_checkpoints!.SetAside(path)}. "
                + $"Training goes on from step {State.Step}; what came after it is done again");
        }

        _recorder.Write(begun ? "resumed" : "started", State, e => e with { PeakFlops = Peak?.Flops });
        if (!begun)
        {
            // So that there is always something good to go back to, and a full disk is noticed at once.
            Save();
        }
    }

    private (TrainingEnd End, string? Message) Train(CancellationToken cancel)
    {
        while (true)
        {
            // Before the step, and by what was spent since the last time: who was cancelled in one makes up for it.
            if (_settings.Evaluation.IsDue(State.EvaluatedAt, State.Spent) && !IsOver && !Evaluate(cancel))
            {
                return (TrainingEnd.Stopped, null);
            }

            if (_checkpoints?.IsDue == true)
            {
                Save();
            }

            if (IsOver)
            {
                return (TrainingEnd.Finished, null);
            }

            TrainingState before = State;
            _clock.Enter(TrainingPhase.Training);
            LearnerStep step = _learner.Step(ExpectedStep, cancel);
            if (step.Fault == null)
            {
                _recorder.Step(before, State, step.Loss, step.GradientNorm, step.LearningRate);
                _recorder.NoteSuspension(_clock.Suspended, State);
                Report(TrainingPhase.Training, before);
            }
            else
            {
                _evaluator.Forget();
                if (_rollback.Try(step.Fault) is { } hopeless)
                {
                    return (TrainingEnd.Diverged, hopeless);
                }
            }
        }
    }

    /// <summary>Evaluates; false when the caller has enough.</summary>
    private bool Evaluate(CancellationToken cancel, int? averaged = null, bool gaveUp = false)
    {
        _evaluator.Forget();
        _recorder.WriteSteps(State);
        _learner.Enter(TrainingPhase.Evaluation);
        MeasurePeak(cancel);
        Report(TrainingPhase.Evaluation, State);
        return _evaluator.Run(cancel, averaged, gaveUp);
    }

    private void MeasurePeak(CancellationToken cancel)
    {
        if (!cancel.IsCancellationRequested && Peak?.MeasureAgain() is { } higher)
        {
            _recorder.Write("peak", State, e => e with { PeakFlops = higher });
        }
    }

    private void EvaluateAverage(CancellationToken cancel)
    {
        if (Average == null)
        {
            return;
        }

        SaveIfDue();
        _learner.Enter(TrainingPhase.Saving);
        int? averaged = Average();
        _learner.Enter(TrainingPhase.Idle);
        if (averaged != null)
        {
            Evaluate(cancel, averaged);
        }
    }

    private void SaveIfDue()
    {
        if (_checkpoints?.IsMissing == true)
        {
            Save();
        }
    }

    private void Save()
    {
        if (_checkpoints == null)
        {
            return;
        }

        _recorder.WriteSteps(State);
        _learner.Enter(TrainingPhase.Saving);
        Report(TrainingPhase.Saving, State);
        double[] fractions = _checkpoints.KeepFractions();
        State = State with { SavedAt = State.Spent };
        _recorder.Write("checkpoint", State, e => e with { Message = fractions.Length == 0 ? null : $"at {string.Join(", ", fractions)} of the budget" });
        _checkpoints.Save();

        // A step leaves a kilobyte or two. Where the processor's caches are large the runtime lets that grow for hours before it collects.
        GC.Collect(generation: 0);
        _learner.Enter(TrainingPhase.Idle);
    }

    /// <summary>Saves and says how it ended, with the time that saving took; then the checkpoint learns of the log's end.</summary>
    private void End(TrainingEnd end, string? message)
    {
        _recorder.WriteSteps(State);
        SaveIfDue();
        _learner.Enter(TrainingPhase.Saving);
        if (end is TrainingEnd.Finished or TrainingEnd.Stopped || _checkpoints?.ModelIsFurther != true)
        {
            WriteModel?.Invoke();
        }

        _learner.Enter(TrainingPhase.Idle);
        _recorder.Write(end.ToString().ToLowerInvariant(), State, e => e with
        {
            Message = message,
            Timing = _recorder.Timing,
            Evaluation = _evaluator.Latest,
        });
        _checkpoints?.Update();
    }

    private void Warn(string message)
    {
        _recorder.Write("warning", State, e => e with { Message = message });
        Tell(message);
    }

    private void Tell(string warning) => _progress?.Report(Progress(TrainingPhase.Idle, State) with { Warning = warning });

    private void Report(TrainingPhase phase, TrainingState before) => _progress?.Report(Progress(phase, before));

    private TrainingProgress Progress(TrainingPhase phase, TrainingState before) => new(
        phase, State, _settings.Budget.Fraction(State.Spent), _recorder.SmoothedLoss, State.Times.Training - before.Times.Training,
        State.Tokens - before.Tokens, State.Flops.Products - before.Flops.Products, _evaluator.Latest);
}
