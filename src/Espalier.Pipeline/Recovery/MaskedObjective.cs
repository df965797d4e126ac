using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Text.Batching;
using Espalier.Training.Objectives;

namespace Espalier.Pipeline.Recovery;

/// <summary>
/// An objective whose pruned weights learn nothing: their gradients are zero, and so are the moments that an optimizer makes of
/// them and the weight decay of a zero. What begins at zero is zero after every step, to the bit, and counts in no gradient norm.
/// </summary>
internal sealed class MaskedObjective : IObjective
{
    private readonly IObjective _objective;
    private readonly DeviceMemory _mask;

    /// <summary>Wraps an objective, which it disposes.</summary>
    /// <param name="objective">Its parameters are allocated, and zero where they are pruned.</param>
    /// <param name="masks">Which weights are pruned.</param>
    public MaskedObjective(IObjective objective, WeightMasks masks)
    {
        _objective = objective;
        _mask = new DeviceMemory(Parameters.Device, Parameters.Weights.Length * sizeof(float));
        Parameters.Device.Kernels.Fill(_mask.Span<float>(), 1);
        foreach ((string name, _, DeviceSpan<float> values) in Parameters.Stored(_mask.Span<float>()))
        {
            if (masks.Of(name) is { } kept)
            {
                Parameters.Device.Upload<float>([.. kept.Select(stays => stays ? 1f : 0f)], values);
            }
        }
    }

    public ParameterSet Parameters => _objective.Parameters;

    public BatchPosition Position => _objective.Position;

    public double Epochs => _objective.Epochs;

    public void Seek(BatchPosition position) => _objective.Seek(position);

    public StepResult Step(Tape tape, CancellationToken cancel)
    {
        StepResult result = _objective.Step(tape, cancel);
        Parameters.ZeroMissingGradients();
        tape.Kernels.Multiply(Parameters.Gradients, _mask.Span<float>(), Parameters.Gradients);
        return result;
    }

    public Evaluation? Evaluate(Tape tape, CancellationToken cancel) => _objective.Evaluate(tape, cancel);

    public void Dispose()
    {
        _mask.Dispose();
        _objective.Dispose();
    }
}
