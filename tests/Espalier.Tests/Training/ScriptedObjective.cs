using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Text.Batching;
using Espalier.Training.Objectives;

namespace Espalier.Tests.Training;

/// <summary>
/// An objective whose losses, and the time each step takes, are written down beforehand. Its gradient is always 1, so that
/// its one weight tells how far the optimizer went.
/// </summary>
internal sealed class ScriptedObjective : IObjective
{
    private readonly Func<long, double> _loss;
    private readonly Action _step;
    private readonly Action _evaluate;

    /// <param name="device">Where its weight lives.</param>
    /// <param name="loss">The loss at a place in the stream; asked again after a rollback.</param>
    /// <param name="step">What else happens in a step.</param>
    /// <param name="evaluate">What else happens in an evaluation.</param>
    public ScriptedObjective(CpuDevice device, Func<long, double> loss, Action? step = null, Action? evaluate = null)
    {
        (_loss, _step, _evaluate) = (loss, step ?? (() => { }), evaluate ?? (() => { }));
        Parameters = new ParameterSet(device);
        Parameters.Add("weight", Shape.Vector(1), Initialization.Zeros, decay: false);
        Parameters.Allocate(seed: 1);
    }

    public ParameterSet Parameters { get; }

    public BatchPosition Position { get; private set; } = new(1);

    public double Epochs => Position.Index / 100.0;

    /// <summary>The held-out loss at a place in the stream; 1 when null.</summary>
    public Func<long, double>? HeldOut { get; init; }

    /// <summary>Evaluations so far.</summary>
    public int Evaluations { get; private set; }

    public float Weight
    {
        get
        {
            float[] weight = new float[1];
            Parameters.Device.Download(Parameters.All[0].Data, weight);
            return weight[0];
        }
    }

    public void Seek(BatchPosition position) => Position = position;

    public StepResult Step(Tape tape, CancellationToken cancel)
    {
        _step();
        double loss = _loss(Position.Index);
        Parameters.ZeroMissingGradients();
        Parameters.Device.Kernels.Fill(Parameters.Gradients, double.IsFinite(loss) ? 1 : float.NaN);
        tape.Step++;
        Position = Position with { Index = Position.Index + 1 };
        return new StepResult(loss, 10, new FlopCount(2, 3));
    }

    public Evaluation? Evaluate(Tape tape, CancellationToken cancel)
    {
        _evaluate();
        return new Evaluation("score", ++Evaluations, HeldOut?.Invoke(Position.Index) ?? 1, 1, 1);
    }

    public void Dispose() => Parameters.Dispose();
}
