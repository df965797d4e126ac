using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// One step of Adam with decoupled weight decay (Kingma and Ba 2015, algorithm 1; Loshchilov and Hutter 2019, algorithm 2)
/// over parameters that lie end to end:
/// m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; w ← w − η·λ·w − η·(m / c₁) / (√(v / c₂) + ε), with g = gradient × scale.
/// </summary>
public readonly record struct AdamWArguments
{
    /// <summary>Parameters w; updated.</summary>
    public DeviceSpan<float> Weights { get; init; }

    /// <summary>Gradients; read.</summary>
    public DeviceSpan<float> Gradients { get; init; }

    /// <summary>First moments m; updated.</summary>
    public DeviceSpan<float> FirstMoments { get; init; }

    /// <summary>Second moments v; updated.</summary>
    public DeviceSpan<float> SecondMoments { get; init; }

    /// <summary>What gradients are multiplied by: clipping, and the mean over micro-batches.</summary>
    public float GradientScale { get; init; }

    /// <summary>Learning rate η.</summary>
    public float LearningRate { get; init; }

    /// <summary>β₁.</summary>
    public float Beta1 { get; init; }

    /// <summary>β₂.</summary>
    public float Beta2 { get; init; }

    /// <summary>ε.</summary>
    public float Epsilon { get; init; }

    /// <summary>Weight decay λ.</summary>
    public float WeightDecay { get; init; }

    /// <summary>c₁ = 1 − β₁ᵗ at step t (from 1).</summary>
    public float Correction1 { get; init; }

    /// <summary>c₂ = 1 − β₂ᵗ at step t (from 1).</summary>
    public float Correction2 { get; init; }

    /// <summary>Checks that there is a gradient and two moments for each weight.</summary>
    /// <exception cref="ArgumentException">The spans differ in length.</exception>
    internal void Validate()
    {
        if (Gradients.Length != Weights.Length || FirstMoments.Length != Weights.Length || SecondMoments.Length != Weights.Length)
        {
            throw new ArgumentException($"AdamW: {Weights.Length} weights with {Gradients.Length} gradients, "
                + $"{FirstMoments.Length} first and {SecondMoments.Length} second moments; as many are needed");
        }
    }
}
