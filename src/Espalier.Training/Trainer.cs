using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>
/// The training loop, for every objective: step, clip, AdamW; logging, evaluation, checkpoints; rolling back after a
/// divergence; saving when it is cancelled. With a run directory it goes on from the run's last good checkpoint, to the
/// same bits that an uninterrupted run ends with (given a budget in steps, and the same threads and kernels).
/// </summary>
/// <remarks>One training per object: create it, call <see cref="Run"/>, dispose it.</remarks>
public sealed class Trainer : IDisposable
{
    private readonly IObjective _objective;
    private readonly TrainerSettings _settings;
    private readonly RunDirectory? _run;
    private readonly AdamW _optimizer;
    private readonly Tape _tape;
    private readonly TrainingClock _clock;
    private readonly TrainingRecorder _recorder;
    private TrainingState _state;
    private Evaluation? _evaluation;
    private Checkpoint? _saved;
    private long _restoredStep = long.MaxValue;
    private TimeSpan _suspended;

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
        (_objective, _settings, _run) = (objective, settings, run);
        _optimizer = new AdamW(objective.Parameters, settings.Optimizer);
        _tape = new Tape(objective.Parameters.Device) { Seed = settings.Seed };
        _clock = new TrainingClock(time);
        _recorder = new TrainingRecorder(run?.Events, time);
        _state = new TrainingState { Position = objective.Position };
    }

    /// <summary>Asked after each evaluation; false ends training early.</summary>
    public Func<TrainingState, Evaluation, bool>? KeepGoing { get; init; }

    private bool IsOver => _settings.Budget.IsOver(_state.Spent, _state.Times.Training / Math.Max(1, _state.Step));

    /// <summary>Trains until the budget is used up, evaluates and saves.</summary>
    /// <param name="progress">Told after every step, and when another phase begins.</param>
    /// <param name="cancel">Saves, and returns <see cref="TrainingEnd.Interrupted"/>.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; the last good checkpoint is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    public TrainingOutcome Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        Begin();
        TrainingEnd end;
        string? message = null;
        try
        {
            (end, message) = Train(progress, cancel);
            if (end != TrainingEnd.Stopped)
            {
                Evaluate(progress, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            end = TrainingEnd.Interrupted;
        }

        _recorder.WriteSteps(_state);
        _recorder.Write(end.ToString().ToLowerInvariant(), _state, e => e with
        {
            Message = message,
            Timing = _recorder.Timing,
            Evaluation = _evaluation,
        });
        SaveEnd(progress);
        return new TrainingOutcome(end, _state, _evaluation, _recorder.Timing, message);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        _tape.Dispose();
        _clock.Dispose();
    }

    private void Begin()
    {
        List<string> damaged = [];
        Checkpoint? checkpoint = _run?.Checkpoints.Latest((path, fault) => damaged.Add($"{path} is passed over: {fault}"));
        if (checkpoint == null && damaged.Count > 0)
        {
            throw new RunDamagedException(_run!.Path, $"none of its checkpoints is whole: {string.Join("; ", damaged)}");
        }

        _run?.Events.CutBack(checkpoint?.EventBytes ?? 0);
        if (checkpoint != null)
        {
            Restore(checkpoint);
            _run!.Checkpoints.DeleteAfter(checkpoint.Step);
        }

        _recorder.Begin(_state);
        damaged.ForEach(message => _recorder.Write("warning", _state, e => e with { Message = message }));
        _recorder.Write(checkpoint == null ? "started" : "resumed", _state);
        if (checkpoint == null)
        {
            // So that there is always something good to go back to, and a full disk is noticed at once.
            Save(fraction: null, progress: null);
        }
    }

    private (TrainingEnd End, string? Message) Train(IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        while (!IsOver)
        {
            TrainingState before = _state;
            _clock.Enter(TrainingPhase.Training);
            if (Step(cancel) is { } fault)
            {
                if (RollBack(fault) is { } hopeless)
                {
                    return (TrainingEnd.Diverged, hopeless);
                }

                continue;
            }

            NoteSuspension();
            Report(TrainingPhase.Training, progress, before);
            if (_settings.Evaluation.Crossed(before.Spent, _state.Spent) && !IsOver)
            {
                Evaluate(progress, cancel);
                if (_evaluation != null && KeepGoing?.Invoke(_state, _evaluation) == false)
                {
                    return (TrainingEnd.Stopped, "the caller had enough");
                }
            }

            double past = _settings.Budget.Fraction(before.Spent), now = _settings.Budget.Fraction(_state.Spent);
            double? crossed = _settings.Checkpoints.Fractions.Where(f => past < f && f <= now).Max(f => (double?)f);
            if (crossed != null || _settings.Checkpoints.Every.Crossed(before.Spent, _state.Spent))
            {
                Save(crossed, progress);
            }
        }

        return (TrainingEnd.Finished, null);
    }

    /// <summary>One optimizer step. Returns what is wrong if it diverged; then nothing was updated.</summary>
    private string? Step(CancellationToken cancel)
    {
        TrainingState before = _state;
        StepResult result;
        try
        {
            cancel.ThrowIfCancellationRequested();
            result = _objective.Step(_tape, cancel);
        }
        catch
        {
            // What was accumulated of an effective batch is dropped; it will be taken from its start.
            _objective.Parameters.ForgetGradients();
            _objective.Seek(before.Position);
            _tape.Step = before.DropoutStep;
            throw;
        }

        float norm = _optimizer.GradientNorm();
        (string? fault, DivergenceState divergence) = DivergenceGuard.Look(before.Divergence, result.Loss, norm);
        if (fault != null)
        {
            return fault;
        }

        double rate = before.RateScale * _settings.Schedule.Rate(_settings.Budget.FractionAtNextStep(before.Spent), before.Step);
        _optimizer.Step((float)rate, AdamW.ClippingScale(norm, _settings.ClipNorm));
        _state = before with
        {
            Step = before.Step + 1,
            Tokens = before.Tokens + result.Tokens,
            Epochs = _objective.Epochs,
            Flops = before.Flops + result.Flops,
            Times = _clock.Times,
            Position = _objective.Position,
            DropoutStep = _tape.Step,
            Divergence = divergence,
        };
        _recorder.Step(before, _state, result.Loss, norm, rate);
        return null;
    }

    private void NoteSuspension()
    {
        if (_clock.Suspended is var suspended && suspended > _suspended)
        {
            _recorder.Write("suspended", _state, e => e with
            {
                Message = $"the process stood still for {(suspended - _suspended).TotalSeconds:F1} s, which are not counted",
            });
            _suspended = suspended;
        }
    }

    private void Evaluate(IProgress<TrainingProgress>? progress, CancellationToken cancel)
    {
        _evaluation = null;
        _recorder.WriteSteps(_state);
        Enter(TrainingPhase.Evaluation);
        Report(TrainingPhase.Evaluation, progress, _state);
        _evaluation = _objective.Evaluate(_tape, cancel);
        Enter(TrainingPhase.Idle);
        if (_evaluation != null)
        {
            _recorder.Write(_evaluation, _state);
        }
    }

    /// <summary>Saves, or where that step is saved already, only adds to its checkpoint what came after: the log's end.</summary>
    private void SaveEnd(IProgress<TrainingProgress>? progress)
    {
        if (_run != null && _saved?.Step == _state.Step)
        {
            _saved = _run.Checkpoints.Amend(_saved, _state, _run.Events.Flush());
        }
        else
        {
            Save(fraction: null, progress);
        }
    }

    private void Save(double? fraction, IProgress<TrainingProgress>? progress)
    {
        if (_run == null)
        {
            return;
        }

        _recorder.WriteSteps(_state);
        Enter(TrainingPhase.Saving);
        Report(TrainingPhase.Saving, progress, _state);
        _recorder.Write("checkpoint", _state, e => e with { Message = fraction == null ? null : $"at {fraction} of the budget" });
        _saved = _run.Checkpoints.Save(_objective.Parameters, _optimizer, _state, fraction, _run.Events.Flush());
        _run.Checkpoints.Prune(_settings.Checkpoints.Keep);
        Enter(TrainingPhase.Idle);
        _restoredStep = long.MaxValue;
    }

    private void Restore(Checkpoint checkpoint)
    {
        CheckpointStore.Load(checkpoint, _objective.Parameters, _optimizer);
        _state = checkpoint.State;
        _clock.Restore(_state.Times);
        _objective.Parameters.ForgetGradients();
        _objective.Seek(_state.Position);
        _tape.Step = _state.DropoutStep;
        (_saved, _evaluation) = (checkpoint, null);
    }

    /// <summary>Goes back to the last good checkpoint with a lower rate. Returns why not, if that is of no use any more.</summary>
    private string? RollBack(string fault)
    {
        TrainingState diverged = _state;
        string what = $"{fault} at step {diverged.Step + 1}";

        // One that led straight into a divergence again is not good: then the one before it.
        Checkpoint? checkpoint = _run?.Checkpoints.Latest((_, _) => { }, before: _restoredStep)
            ?? _run?.Checkpoints.Latest((_, _) => { });
        if (checkpoint != null)
        {
            PhaseTimes times = _clock.Times;
            Restore(checkpoint);
            _restoredStep = checkpoint.Step;
            _run!.Checkpoints.DeleteAfter(checkpoint.Step);

            // The steps are void, the time is not: a budget of time is of the clock on the wall.
            _clock.Restore(times);
            _state = _state with { Times = times };
        }

        if (checkpoint == null || diverged.Rollbacks >= _settings.Divergence.MaximumRollbacks)
        {
            return checkpoint == null
                ? $"{what}, and there is no checkpoint to go back to; take a lower learning rate, or a longer warm-up"
                : $"{what}, after {diverged.Rollbacks} rollbacks; the model is that of step {_state.Step}. Take a lower learning rate";
        }

        double scale = diverged.RateScale * _settings.Divergence.RateFactor;
        _state = _state with { RateScale = scale, Rollbacks = diverged.Rollbacks + 1 };
        _recorder.Begin(_state);
        _recorder.Write("rolled-back", _state, e => e with { Message = $"{what}: back to step {_state.Step}, with {scale} of the rate" });
        return null;
    }

    private void Enter(TrainingPhase phase)
    {
        _clock.Enter(phase);
        _state = _state with { Times = _clock.Times };
    }

    private void Report(TrainingPhase phase, IProgress<TrainingProgress>? progress, TrainingState before)
        => progress?.Report(new TrainingProgress(
            phase, _state, _settings.Budget.Fraction(_state.Spent), _recorder.SmoothedLoss, _state.Times.Training - before.Times.Training,
            _state.Tokens - before.Tokens, _state.Flops.Products - before.Flops.Products, _evaluation));
}
