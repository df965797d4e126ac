using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Layers;
using Espalier.Engine.Memory;
using LayerNorm = Espalier.Engine.Layers.LayerNorm;
using Linear = Espalier.Engine.Layers.Linear;

namespace Espalier.Engine.Models;

/// <summary>
/// An encoder that predicts masked tokens (Devlin et al. 2019, §3.1; RoBERTa's head): dense, GELU, layer norm, then the
/// word embeddings once more as output projection, with a bias. Only masked positions pass through the head.
/// </summary>
public sealed class MaskedLanguageModel
{
    private readonly Linear _dense;
    private readonly LayerNorm _norm;
    private readonly Parameter _bias;

    /// <summary>Declares the parameters.</summary>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    public MaskedLanguageModel(ParameterSet parameters, EncoderConfiguration configuration)
    {
        Encoder = new Encoder(parameters, configuration);
        int h = configuration.Hidden;
        _dense = new Linear(parameters, "lm_head.dense", h, h, new WeightScheme(configuration.Initialization, configuration.Hidden).Weight(h, h));
        _norm = new LayerNorm(parameters, "lm_head.layer_norm", h, configuration.LayerNormEpsilon);
        _bias = parameters.Add("lm_head.bias", Shape.Vector(configuration.Vocabulary), Initialization.Zeros, decay: false);
    }

    /// <summary>The encoder under the head.</summary>
    public Encoder Encoder { get; }

    /// <summary>The loss over masked tokens: <paramref name="weight"/> · Σ of their cross-entropies, in nats.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="batch">The batch with its masks in place.</param>
    /// <param name="maskedR">Rows of the batch that are predicted.</param>
    /// <param name="targetsR">The tokens that stood there.</param>
    /// <param name="weight">1 / R for the mean of this batch alone.</param>
    public Tensor Loss(Tape tape, in TokenBatch batch, DeviceSpan<int> maskedR, DeviceSpan<int> targetsR, float weight)
        => ProjectedCrossEntropy.Apply(
            tape, Hidden(tape, batch, maskedR), Encoder.WordEmbeddings, _bias, targetsR, smoothing: 0, weight);

    /// <summary>Scores of every symbol at the given rows, R × V.</summary>
    public Tensor Logits(Tape tape, in TokenBatch batch, DeviceSpan<int> maskedR)
        => Autograd.Ops.Linear.Apply(tape, Hidden(tape, batch, maskedR), Encoder.WordEmbeddings, _bias);

    private Tensor Hidden(Tape tape, in TokenBatch batch, DeviceSpan<int> maskedR)
    {
        Tensor masked = GatherRows.Apply(tape, Encoder.Forward(tape, batch), maskedR);
        return _norm.Apply(tape, _dense.Apply(tape, masked, Encoder.Configuration.Activation));
    }
}
