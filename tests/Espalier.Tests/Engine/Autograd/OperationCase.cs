using Espalier.Engine.Autograd;

namespace Espalier.Tests.Engine.Autograd;

/// <summary>One use of one op.</summary>
/// <param name="Operation">The class in <c>Autograd/Ops</c>.</param>
/// <param name="Name">What is particular about the use.</param>
/// <param name="Run">Takes its operands, applies the op and returns the results.</param>
internal sealed record OperationCase(string Operation, string Name, Func<OperationRun, Tensor[]> Run)
{
    /// <summary>The result is a loss by itself; other results are projected to one.</summary>
    public bool IsLoss { get; init; }

    /// <summary>False where a step of finite differences may cross a kink.</summary>
    public bool IsSmooth { get; init; } = true;

    /// <summary>False where the backward pass must refuse.</summary>
    public bool HasGradient { get; init; } = true;

    /// <summary>Where the op is fused: the same from simpler ops, with the same operands in the same order.</summary>
    public Func<OperationRun, Tensor[]>? Twin { get; init; }

    public override string ToString() => $"{Operation} {Name}";
}
