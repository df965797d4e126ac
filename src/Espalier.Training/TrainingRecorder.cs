using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training;

/// <summary>Writes a training's events: at most one line a second of steps, with means over those since the last.</summary>
internal sealed class TrainingRecorder(EventLog? log, TimeProvider time)
{
    private static readonly TimeSpan StepLineEvery = TimeSpan.FromSeconds(1);

    private readonly StepTimer _timer = new();
    private TrainingState _logged = new();
    private double _losses, _norms, _rate;
    private double _smoothed = double.NaN;
    private long _count;
    private TimeSpan _suspended;
    private StepTiming? _earlier;

    /// <summary>Step timing as in the paper, so far: of this process, unless only one before it went on until the time was stable.</summary>
    public StepTiming? Timing
    {
        get
        {
            StepTiming? own = _timer.Result();
            return own is { Stable: true } || _earlier is not { Stable: true } ? own ?? _earlier : _earlier;
        }
    }

    /// <summary>Loss smoothed for the eye; NaN before the first step.</summary>
    public double SmoothedLoss => _smoothed;

    /// <summary>Goes on from a state, be it a checkpoint's.</summary>
    public void Begin(TrainingState state)
    {
        _logged = state;
        (_losses, _norms, _count, _smoothed) = (0, 0, 0, double.NaN);
    }

    /// <summary>Takes over what the log holds of step timing.</summary>
    public void GoOn() => _earlier = log?.Timing();

    /// <summary>Takes note of a step; writes a line if a second of training has gone by.</summary>
    public void Step(TrainingState before, TrainingState after, double loss, float gradientNorm, double learningRate)
    {
        _losses += loss;
        _norms += gradientNorm;
        _count++;
        _rate = learningRate;
        _smoothed = double.IsNaN(_smoothed) ? loss : _smoothed + (0.05 * (loss - _smoothed));
        if (after.Step == 1 || after.Times.Training - _logged.Times.Training >= StepLineEvery)
        {
            WriteSteps(after);
        }

        if (_timer.Add(after.Times.Training - before.Times.Training))
        {
            Write("timing", after, e => e with { Timing = Timing });
        }
    }

    /// <summary>Writes a line for the steps that none stands for yet.</summary>
    public void WriteSteps(TrainingState state)
    {
        if (_count == 0)
        {
            return;
        }

        double seconds = (state.Times.Training - _logged.Times.Training).TotalSeconds;
        Write("step", state, e => e with
        {
            Loss = _losses / _count,
            GradientNorm = _norms / _count,
            LearningRate = _rate,
            TokensPerSecond = seconds > 0 ? (state.Tokens - _logged.Tokens) / seconds : null,
        });
        _logged = state;
        (_losses, _norms, _count) = (0, 0, 0);
    }

    /// <summary>Writes a line if the process stood still since the last time that this was asked.</summary>
    public void NoteSuspension(TimeSpan suspended, TrainingState state)
    {
        if (suspended > _suspended)
        {
            Write("suspended", state, e => e with
            {
                Message = $"the process stood still for {(suspended - _suspended).TotalSeconds:F1} s, which are not counted",
            });
            _suspended = suspended;
        }
    }

    /// <summary>The evaluation that the log ends with, but for a checkpoint, where it was at a step; null where another line follows it.</summary>
    public Evaluation? LastEvaluation(long step)
        => log?.Read().LastOrDefault(e => e.Event is not ("checkpoint" or "resumed" or "warning")) is { Event: "evaluation" } last && last.Step == step
            ? last.Evaluation : null;

    /// <summary>Writes an event.</summary>
    public void Write(string kind, TrainingState state, Func<TrainingEvent, TrainingEvent>? more = null)
    {
        if (log == null)
        {
            return;
        }

        var entry = new TrainingEvent
        {
            Event = kind,
            Time = time.GetUtcNow(),
            Step = state.Step,
            Tokens = state.Tokens,
            Epochs = state.Epochs,
            Elapsed = state.Times.Training.TotalSeconds,
            EvaluationSeconds = state.Times.Evaluation.TotalSeconds,
            SavingSeconds = state.Times.Saving.TotalSeconds,
            ProductFlops = state.Flops.Products,
            ElectraFlops = state.Flops.Electra,
        };
        log.Append(more?.Invoke(entry) ?? entry);
    }

    /// <summary>Writes the result of an evaluation.</summary>
    public void Write(Evaluation evaluation, TrainingState state)
        => Write("evaluation", state, e => e with { Evaluation = evaluation });
}
