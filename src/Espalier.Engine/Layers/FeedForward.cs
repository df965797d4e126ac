using Espalier.Engine.Autograd;
using Espalier.Engine.Kernels;

namespace Espalier.Engine.Layers;

/// <summary>Two linear layers with an activation between them (Vaswani et al. 2017, §3.3).</summary>
public sealed class FeedForward(Linear up, Linear down, Activation activation)
{
    /// <summary>N × H to N × H by way of a wider matrix.</summary>
    public Tensor Apply(Tape tape, Tensor xNH)
        => Autograd.Ops.FeedForward.Apply(tape, xNH, up.Weight, up.Bias, down.Weight, down.Bias, activation);
}
