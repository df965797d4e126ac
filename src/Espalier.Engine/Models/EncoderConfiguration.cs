using Espalier.Engine.Kernels;
using Espalier.Engine.Layers;

namespace Espalier.Engine.Models;

/// <summary>An encoder as in RoBERTa: learned positions, GELU.</summary>
public sealed record EncoderConfiguration : StackConfiguration
{
    /// <summary>Activation of the feed-forward layers and of the masked-LM head.</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <summary>How the weights begin; <see cref="WeightSchemeKind.Roberta"/> is the paper's.</summary>
    public WeightSchemeKind Initialization { get; init; } = WeightSchemeKind.Neighbours;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Validate() => [
        .. base.Validate(),
        .. ActivationFaults(Activation),
        .. Enum.IsDefined(Initialization) ? Array.Empty<string>() : [$"Initialization is {Initialization}; expected Neighbours, Scaled, Roberta or Glorot"],
    ];
}
