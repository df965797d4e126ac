using System.Diagnostics;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Optimizers;
using Espalier.Training.Timing;

namespace Espalier.Training.MicroBatches;

/// <summary>Declares a model and returns its loss on so many made-up sequences of the longest length.</summary>
public delegate Func<Tape, int, Tensor> TrialModel(ParameterSet parameters);

/// <summary>A throw-away model that micro-batch sizes are tried on.</summary>
internal sealed class MicroBatchTrial : IDisposable
{
    /// <summary>Passes of a measurement at most, the first of which is not timed.</summary>
    public const int Passes = 1 + Repetitions;

    private const int Repetitions = 3;
    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(2);

    private readonly Device _device;
    private readonly ParameterSet _parameters;
    private readonly AdamW _optimizer;
    private readonly Func<Tape, int, Tensor> _loss;

    public MicroBatchTrial(Device device, TrialModel model)
    {
        _device = device;
        _parameters = new ParameterSet(device);
        _loss = model(_parameters);
        _parameters.Allocate(seed: 0);
        _optimizer = new AdamW(_parameters);
    }

    /// <summary>Bytes of weights, gradients and both moments.</summary>
    public long StateBytes => 4 * _parameters.Weights.Length * sizeof(float);

    /// <summary>Median seconds of a forward and backward pass, and bytes with the activations.</summary>
    public (double Seconds, long Bytes) Measure(int sequences, CancellationToken cancel)
    {
        using var tape = new Tape(_device) { Training = true };
        Pass(tape, sequences);
        cancel.ThrowIfCancellationRequested();
        List<double> times = [];
        var whole = Stopwatch.StartNew();
        while (times.Count < Repetitions && (times.Count == 0 || whole.Elapsed < LongEnough))
        {
            long start = Stopwatch.GetTimestamp();
            Pass(tape, sequences);
            times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            cancel.ThrowIfCancellationRequested();
        }

        return (StepTimer.Median(times), StateBytes + tape.CapacityBytes);
    }

    /// <summary>Times forward and backward passes as the paper times steps, for no longer than is given.</summary>
    public StepTiming Time(int sequences, TimeSpan longest, CancellationToken cancel)
    {
        using var tape = new Tape(_device) { Training = true };
        var timer = new StepTimer();
        long begin = Stopwatch.GetTimestamp();
        for (int passes = 0; !timer.IsComplete && (passes < Repetitions || Stopwatch.GetElapsedTime(begin) < longest); passes++)
        {
            cancel.ThrowIfCancellationRequested();
            long start = Stopwatch.GetTimestamp();
            Pass(tape, sequences);
            timer.Add(Stopwatch.GetElapsedTime(start));
        }

        return timer.Result()!;
    }

    /// <summary>Seconds of the optimizer's own part of a step.</summary>
    public double OptimizerSeconds()
    {
        double best = double.PositiveInfinity;
        for (int i = 0; i < Repetitions; i++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = _optimizer.GradientNorm();
            _optimizer.Step(0);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    public void Dispose()
    {
        _optimizer.Dispose();
        _parameters.Dispose();
    }

    private void Pass(Tape tape, int sequences)
    {
        tape.Reset();
        Tensor loss = _loss(tape, sequences);
        Span<float> value = stackalloc float[1];
        _device.Download(loss.Data, value);
        tape.Backward(loss);
    }
}
