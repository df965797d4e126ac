using Espalier.Engine.Kernels;

namespace Espalier.Engine.Models;

/// <summary>An encoder as in RoBERTa: learned positions, GELU.</summary>
public sealed record EncoderConfiguration : StackConfiguration
{
    /// <summary>Activation of the feed-forward layers and of the masked-LM head.</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Validate() => [.. base.Validate(), .. ActivationFaults(Activation)];
}
