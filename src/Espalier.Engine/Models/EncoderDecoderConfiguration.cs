using Espalier.Engine.Kernels;

namespace Espalier.Engine.Models;

/// <summary>
/// A Transformer for translation (Vaswani et al. 2017): sinusoidal positions, one embedding for source, target and output.
/// <see cref="StackConfiguration.Layers"/> counts the layers of the encoder, and of the decoder unless
/// <see cref="DecoderLayers"/> says otherwise.
/// </summary>
public sealed record EncoderDecoderConfiguration : StackConfiguration
{
    private const int LeastPositionsOfUse = 1024;

    /// <summary>Layers of the decoder; 0 means as many as the encoder has.</summary>
    public int DecoderLayers { get; init; }

    /// <summary>Activation of the feed-forward layers.</summary>
    public Activation Activation { get; init; } = Activation.Relu;

    /// <summary>Label smoothing of the training loss, in [0, 1).</summary>
    public float LabelSmoothing { get; init; } = 0.1f;

    /// <summary><see cref="DecoderLayers"/> with its default filled in.</summary>
    public int ActualDecoderLayers => DecoderLayers > 0 ? DecoderLayers : Layers;

    /// <summary>
    /// The same model wherever it translates. Positions are computed, not learned: a longer text than any of training's is translated as
    /// well as may be, and no translation is cut off where training's texts ended.
    /// </summary>
    public EncoderDecoderConfiguration ForUse() => this with { MaximumPositions = Math.Max(LeastPositionsOfUse, MaximumPositions) };

    /// <inheritdoc/>
    public override IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. base.Validate(), .. ActivationFaults(Activation)];
        if (DecoderLayers < 0)
        {
            faults.Add($"DecoderLayers is {DecoderLayers}; expected 0 (as many as the encoder) or more");
        }

        if (Hidden % 2 != 0)
        {
            faults.Add($"Hidden is {Hidden}; expected an even number, half sines and half cosines");
        }

        if (!(LabelSmoothing >= 0 && LabelSmoothing < 1))
        {
            faults.Add($"LabelSmoothing is {LabelSmoothing}; expected 0 or more and less than 1");
        }

        return faults;
    }
}
