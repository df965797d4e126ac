using Espalier.Engine.Autograd;
using Espalier.Engine.Kernels;

namespace Espalier.Engine.Layers;

/// <summary>y = activation(x·Wᵀ + b).</summary>
public sealed class Linear
{
    /// <summary>Declares weight (outputs × inputs) and bias.</summary>
    /// <param name="parameters">Where they are declared.</param>
    /// <param name="name">Stem of their names.</param>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="initialization">The weight's; the bias begins at zero.</param>
    /// <param name="parts">Stems under which equal groups of outputs are stored; none: all together.</param>
    public Linear(
        ParameterSet parameters, string name, int inputs, int outputs, Initialization initialization, params string[] parts)
    {
        Weight = parameters.Add(
            $"{name}.weight", Shape.Matrix(outputs, inputs), initialization, decay: true, [.. parts.Select(p => $"{p}.weight")]);
        Bias = parameters.Add(
            $"{name}.bias", Shape.Vector(outputs), Initialization.Zeros, decay: false, [.. parts.Select(p => $"{p}.bias")]);
    }

    /// <summary>Outputs × inputs.</summary>
    public Parameter Weight { get; }

    /// <summary>One for each output.</summary>
    public Parameter Bias { get; }

    /// <summary>N × inputs to N × outputs.</summary>
    public Tensor Apply(Tape tape, Tensor xNI, Activation activation = Activation.None)
        => Autograd.Ops.Linear.Apply(tape, xNI, Weight, Bias, activation);
}
