using Espalier.Engine.Models;

namespace Espalier.Training.Objectives;

/// <summary>
/// FLOPs of training an encoder-decoder model on batches without padding. The count after ELECTRA's authors, whose program knows
/// encoders only, goes on in their manner for the decoder.
/// </summary>
public sealed class EncoderDecoderFlops
{
    private const double Dropout = 4, LayerNorm = 5, Relu = 1, Softmax = 5;

    private readonly double _hidden, _attention, _feedForward, _heads, _vocabulary, _encoders, _decoders;

    /// <summary>Counts once for a model.</summary>
    public EncoderDecoderFlops(EncoderDecoderConfiguration configuration)
    {
        (_hidden, _attention, _feedForward) = (configuration.Hidden, configuration.AttentionWidth, configuration.ActualFeedForward);
        (_heads, _vocabulary) = (configuration.ActualHeads, configuration.Vocabulary);
        (_encoders, _decoders) = (configuration.Layers, configuration.ActualDecoderLayers);
    }

    /// <summary>Forward and backward of a batch.</summary>
    /// <param name="source">B + 1 offsets of the source sentences.</param>
    /// <param name="target">B + 1 offsets of the target sentences.</param>
    public FlopCount Count(ReadOnlySpan<int> source, ReadOnlySpan<int> target)
    {
        double within = 0, causal = 0, across = 0;
        for (int i = 0; i + 1 < source.Length; i++)
        {
            double n = source[i + 1] - source[i], m = target[i + 1] - target[i];
            within += n * n;
            causal += m * (m + 1) / 2;
            across += n * m;
        }

        double h = _hidden, a = _attention, sources = source[^1], targets = target[^1], feedForward = 2 * h * _feedForward;

        // Multiplications with additions: four projections of self-attention; across, two of them are the source's.
        double products = (_encoders * ((sources * ((4 * h * a) + feedForward)) + (2 * a * within)))
            + (_decoders * ((targets * ((6 * h * a) + feedForward)) + (sources * 2 * h * a) + (2 * a * (causal + across))))
            + (targets * h * _vocabulary);

        // A sub-layer's biases, dropout, residual connection and norm, and an attention's scores, as for an encoder.
        double subLayer = (2 * h) + (Dropout * h) + h + (LayerNorm * h), middle = _feedForward * (1 + Relu);
        double scores = (Softmax + Dropout + 1) * _heads;
        double elements = (_encoders * ((sources * ((2 * subLayer) + (3 * a) + middle)) + (scores * within)))
            + (_decoders * ((targets * ((3 * subLayer) + (4 * a) + middle)) + (sources * 2 * a) + (scores * (causal + across))))
            + ((sources + targets) * ((2 * h * _vocabulary) + (Dropout * h) + (2 * h)))
            + (targets * (Softmax + 2) * _vocabulary);
        return new FlopCount(6 * products, 2 * ((2 * products) + elements));
    }
}
