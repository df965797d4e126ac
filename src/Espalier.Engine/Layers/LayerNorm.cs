using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;

namespace Espalier.Engine.Layers;

/// <summary>Layer normalisation (Ba et al. 2016), alone or together with the residual connection before it.</summary>
public sealed class LayerNorm(ParameterSet parameters, string name, int size, float epsilon)
{
    /// <summary>Gain, one for each column; begins at one.</summary>
    public Parameter Gain { get; } = parameters.Add($"{name}.weight", Shape.Vector(size), Initialization.Ones, decay: false);

    /// <summary>Bias, one for each column; begins at zero.</summary>
    public Parameter Bias { get; } = parameters.Add($"{name}.bias", Shape.Vector(size), Initialization.Zeros, decay: false);

    /// <summary>N × H to N × H.</summary>
    public Tensor Apply(Tape tape, Tensor xNH) => Autograd.Ops.LayerNorm.Apply(tape, xNH, Gain, Bias, epsilon);

    /// <summary>sum = residual + dropout(x), and its norm; fused.</summary>
    public (Tensor Sum, Tensor Normed) ApplyToResidual(Tape tape, Tensor residualNH, Tensor xNH, float dropout)
        => ResidualLayerNorm.Apply(tape, residualNH, xNH, dropout, Gain, Bias, epsilon);
}
