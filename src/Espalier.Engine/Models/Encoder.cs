using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Layers;
using FeedForward = Espalier.Engine.Layers.FeedForward;
using LayerNorm = Espalier.Engine.Layers.LayerNorm;
using Linear = Espalier.Engine.Layers.Linear;

namespace Espalier.Engine.Models;

/// <summary>
/// The encoder of RoBERTa (Liu et al. 2019), pre-norm or post-norm, with learned positions from 0. Parameters have the
/// names of Hugging Face's checkpoints (RobertaPreLayerNorm and Roberta) without the model's prefix.
/// </summary>
public sealed class Encoder
{
    private readonly EncoderConfiguration _configuration;
    private readonly LayerNorm _embeddingNorm;
    private readonly Layer[] _layers;
    private readonly SubLayers _subLayers;

    /// <summary>Declares the parameters.</summary>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    public Encoder(ParameterSet parameters, EncoderConfiguration configuration)
    {
        ConfigurationException.ThrowIfAny("encoder", configuration.Validate());
        _configuration = configuration;
        var scheme = new WeightScheme(configuration.Initialization, configuration.Hidden);
        (int h, float epsilon) = (configuration.Hidden, configuration.LayerNormEpsilon);
        WordEmbeddings = parameters.Add(
            "embeddings.word_embeddings.weight", Shape.Matrix(configuration.Vocabulary, h), scheme.Embedding(), decay: true);
        PositionEmbeddings = parameters.Add(
            "embeddings.position_embeddings.weight", Shape.Matrix(configuration.MaximumPositions, h), scheme.Positions(), decay: true);
        _embeddingNorm = new LayerNorm(parameters, "embeddings.LayerNorm", h, epsilon);
        _layers = new Layer[configuration.Layers];
        for (int i = 0; i < _layers.Length; i++)
        {
            _layers[i] = Layer.Declare(parameters, configuration, scheme, i, i == 0 ? null : _layers[0]);
        }

        bool pre = configuration.Norm == NormPlacement.Pre;
        _subLayers = new SubLayers(
            configuration.Norm, [.. _layers.SelectMany(l => new[] { l.AttentionNorm, l.FeedForwardNorm })],
            pre ? new LayerNorm(parameters, "LayerNorm", h, epsilon) : null, configuration.Dropout);
    }

    /// <summary>The configuration it was made from.</summary>
    public EncoderConfiguration Configuration => _configuration;

    /// <summary>V × H.</summary>
    public Parameter WordEmbeddings { get; }

    /// <summary>Positions × H.</summary>
    public Parameter PositionEmbeddings { get; }

    /// <summary>N tokens to N × H.</summary>
    public Tensor Forward(Tape tape, in TokenBatch batch)
    {
        Tensor embedded = _embeddingNorm.Apply(
            tape, Embed.Apply(tape, batch.Ids, batch.Places, WordEmbeddings, PositionEmbeddings));
        (Tensor residual, Tensor x) = _subLayers.Begin(tape, Dropout.Apply(tape, embedded, _configuration.Dropout));
        TapeMark mark = tape.Mark();
        for (int i = 0; i < _layers.Length; i++)
        {
            Tensor attended = _layers[i].Attention.Apply(tape, x, batch.Sequences, causal: false);
            (residual, x) = _subLayers.Advance(tape, 2 * i, residual, attended);
            Tensor transformed = _layers[i].FeedForward.Apply(tape, x);
            (residual, x) = _subLayers.Advance(tape, (2 * i) + 1, residual, transformed);
            tape.FreeSince(mark, x, residual);
        }

        return x;
    }

    private sealed record Layer(SelfAttention Attention, LayerNorm AttentionNorm, FeedForward FeedForward, LayerNorm FeedForwardNorm)
    {
        public static Layer Declare(
            ParameterSet parameters, EncoderConfiguration c, WeightScheme scheme, int index, Layer? first)
        {
            (int h, int f, bool pre) = (c.Hidden, c.ActualFeedForward, c.Norm == NormPlacement.Pre);
            string name = $"encoder.layer.{index}";
            SelfAttention? attention = c.Sharing == LayerSharing.None ? null : first?.Attention;
            LayerNorm? attentionNorm = c.Sharing == LayerSharing.None ? null : first?.AttentionNorm;
            FeedForward? feedForward = c.Sharing == LayerSharing.All ? first?.FeedForward : null;
            LayerNorm? feedForwardNorm = c.Sharing == LayerSharing.All ? first?.FeedForwardNorm : null;
            return new Layer(
                attention ?? new SelfAttention(
                    parameters, AttentionNames.Roberta($"{name}.attention"), index, h, c.ActualHeads, c.ActualHeadSize, c.AttentionDropout, scheme),
                attentionNorm ?? new LayerNorm(
                    parameters, pre ? $"{name}.attention.LayerNorm" : $"{name}.attention.output.LayerNorm", h, c.LayerNormEpsilon),
                feedForward ?? new FeedForward(
                    new Linear(parameters, $"{name}.intermediate.dense", h, f, scheme.Weight(h, f)),
                    new Linear(parameters, $"{name}.output.dense", f, h, scheme.Weight(f, h)), c.Activation),
                feedForwardNorm ?? new LayerNorm(
                    parameters, pre ? $"{name}.intermediate.LayerNorm" : $"{name}.output.LayerNorm", h, c.LayerNormEpsilon));
        }
    }
}
