using Espalier.Engine.Autograd;
using Espalier.Engine.Optimizers;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training;

/// <summary>What learns: the objective with its optimizer, and the state that together with both makes a checkpoint.</summary>
internal sealed class Learner : IDisposable
{
    private readonly IObjective _objective;
    private readonly TrainerSettings _settings;
    private readonly TrainingClock _clock;
    private readonly AdamW _optimizer;
    private readonly Tape _tape;

    public Learner(IObjective objective, TrainerSettings settings, TrainingClock clock)
    {
        (_objective, _settings, _clock) = (objective, settings, clock);
        _optimizer = new AdamW(objective.Parameters, settings.Optimizer);
        _tape = new Tape(objective.Parameters.Device) { Seed = settings.Seed };
        State = new TrainingState { Position = objective.Position };
    }

    /// <summary>Where training stands.</summary>
    public TrainingState State { get; set; }

    /// <summary>The time of each phase so far.</summary>
    public PhaseTimes Times => _clock.Times;

    /// <summary>Ends the phase that the clock counts, and begins another.</summary>
    public void Enter(TrainingPhase phase)
    {
        _clock.Enter(phase);
        State = State with { Times = _clock.Times };
    }

    /// <summary>One optimizer step. With a fault it diverged: then nothing was updated but what it has cost.</summary>
    /// <param name="expected">What a step is expected to take, where none was measured yet.</param>
    /// <param name="cancel">Ends it between two micro-batches, as if it had never begun.</param>
    public LearnerStep Step(StepCost expected, CancellationToken cancel)
    {
        TrainingState before = State;
        StepResult result;
        try
        {
            cancel.ThrowIfCancellationRequested();
            result = _objective.Step(_tape, cancel);
        }
        catch
        {
            // What was accumulated of an effective batch is dropped; it will be taken from its start.
            GoTo(before);
            throw;
        }

        float norm = _optimizer.GradientNorm();
        (string? fault, DivergenceState divergence) = DivergenceGuard.Check(before.Divergence, result.Loss, norm);
        TrainingState spent = before with { Tokens = before.Tokens + result.Tokens, Flops = before.Flops + result.Flops };
        if (fault != null)
        {
            State = spent with { Times = _clock.Times };
            return new LearnerStep(fault, result.Loss, norm, 0);
        }

        double fraction = _settings.Budget.FractionAtNextStep(before.Spent, before.StepCost ?? expected);
        double rate = before.RateScale * _settings.Schedule.Rate(fraction, before.Step);
        _optimizer.Step((float)rate, AdamW.ClippingScale(norm, _settings.ClipNorm));
        PhaseTimes times = _clock.Times;
        State = spent with
        {
            Step = before.Step + 1,
            Epochs = _objective.Epochs,
            Times = times,
            Position = _objective.Position,
            DropoutStep = _tape.Step,
            Divergence = divergence,
            StepCost = StepCost.After(before.StepCost, new StepCost(
                times.Training - before.Times.Training, result.Tokens, _objective.Epochs - before.Epochs)),
        };
        return new LearnerStep(null, result.Loss, norm, rate);
    }

    /// <summary>Measures the model on what is held out.</summary>
    public Evaluation? Evaluate(CancellationToken cancel) => _objective.Evaluate(_tape, cancel);

    /// <summary>Writes weights, moments and state.</summary>
    public Checkpoint Save(CheckpointStore store, long eventBytes) => store.Save(_objective.Parameters, _optimizer, State, eventBytes);

    /// <summary>Goes to where a checkpoint stands.</summary>
    public void Restore(Checkpoint checkpoint)
    {
        CheckpointStore.Load(checkpoint, _objective.Parameters, _optimizer);
        State = checkpoint.State;
        GoTo(State);
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _tape.Dispose();
    }

    private void GoTo(TrainingState state)
    {
        _objective.Parameters.ForgetGradients();
        _objective.Seek(state.Position);
        _tape.Step = state.DropoutStep;
    }
}

/// <summary>An optimizer step.</summary>
/// <param name="Fault">What is wrong if it diverged, or null.</param>
/// <param name="Loss">Mean over its predictions, in nats.</param>
/// <param name="GradientNorm">Euclidean norm before clipping.</param>
/// <param name="LearningRate">The rate that it was taken with.</param>
internal readonly record struct LearnerStep(string? Fault, double Loss, float GradientNorm, double LearningRate);
