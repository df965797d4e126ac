using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Layers;
using Espalier.Engine.Memory;
using LayerNorm = Espalier.Engine.Layers.LayerNorm;

namespace Espalier.Engine.Models;

/// <summary>
/// The Transformer for translation (Vaswani et al. 2017), post-norm as there or pre-norm. Parameters have the names that
/// BART's and Marian's checkpoints use, without the model's prefix.
/// </summary>
public sealed class EncoderDecoder : IDisposable
{
    private readonly EncoderDecoderConfiguration _configuration;
    private readonly SinusoidalPositions _positions;
    private readonly TransformerLayer[] _encoder;
    private readonly TransformerLayer[] _decoder;
    private readonly SubLayers _encoderSubLayers;
    private readonly SubLayers _decoderSubLayers;

    /// <summary>Declares the parameters.</summary>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    public EncoderDecoder(ParameterSet parameters, EncoderDecoderConfiguration configuration)
    {
        ConfigurationException.ThrowIfAny("encoder-decoder", configuration.Validate());
        _configuration = configuration;
        int h = configuration.Hidden;
        _positions = new SinusoidalPositions(parameters.Device, configuration.MaximumPositions, h);

        // Deviation H^−½, as embeddings are multiplied by √H where they enter.
        Embeddings = parameters.Add(
            "shared.weight", Shape.Matrix(configuration.Vocabulary, h), Initialization.Normal(1 / MathF.Sqrt(h)), decay: true);
        var scheme = new WeightScheme(WeightSchemeKind.Glorot, configuration.Hidden);
        _encoder = TransformerLayer.DeclareStack(parameters, configuration, scheme, "encoder", configuration.Layers, decoder: false);
        _encoderSubLayers = SubLayersOf(parameters, "encoder", _encoder);
        _decoder = TransformerLayer.DeclareStack(
            parameters, configuration, scheme, "decoder", configuration.ActualDecoderLayers, decoder: true);
        _decoderSubLayers = SubLayersOf(parameters, "decoder", _decoder);
    }

    /// <summary>The configuration it was made from.</summary>
    public EncoderDecoderConfiguration Configuration => _configuration;

    /// <summary>V × H: source and target embeddings and output projection.</summary>
    public Parameter Embeddings { get; }

    /// <summary>N source tokens to N × H.</summary>
    public Tensor Encode(Tape tape, in TokenBatch source)
    {
        (Tensor residual, Tensor x) = _encoderSubLayers.Begin(tape, Embedded(tape, source));
        TapeMark mark = tape.Mark();
        for (int i = 0; i < _encoder.Length; i++)
        {
            Tensor attended = _encoder[i].Attention.Apply(tape, x, source.Sequences, causal: false);
            (residual, x) = _encoderSubLayers.Advance(tape, 2 * i, residual, attended);
            (residual, x) = _encoderSubLayers.Advance(tape, (2 * i) + 1, residual, _encoder[i].FeedForward.Apply(tape, x));
            tape.FreeSince(mark, x, residual);
        }

        return x;
    }

    /// <summary>M target tokens, each seeing those before it and the whole source sequence of the same number, to M × H.</summary>
    /// <exception cref="ArgumentException">There are not as many target as source sequences.</exception>
    public Tensor Decode(Tape tape, in TokenBatch target, Tensor memoryNH, Sequences source)
    {
        if (target.Sequences.Count != source.Count)
        {
            throw new ArgumentException($"{target.Sequences.Count} target sequences for {source.Count} source sequences");
        }

        (Tensor residual, Tensor x) = _decoderSubLayers.Begin(tape, Embedded(tape, target));
        TapeMark mark = tape.Mark();
        for (int i = 0; i < _decoder.Length; i++)
        {
            TransformerLayer layer = _decoder[i];
            Tensor attended = layer.Attention.Apply(tape, x, target.Sequences, causal: true);
            (residual, x) = _decoderSubLayers.Advance(tape, 3 * i, residual, attended);
            Tensor keysAndValues = layer.Cross!.KeysAndValues(tape, memoryNH);
            (residual, x) = FinishLayer(tape, i, residual, x, keysAndValues, target.Sequences, source);
            tape.FreeSince(mark, x, residual);
        }

        return x;
    }

    /// <summary><paramref name="weight"/> · Σ over target tokens of the cross-entropy with label smoothing, in nats.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="source">Source sentences.</param>
    /// <param name="target">Target sentences, shifted: what is known before each token.</param>
    /// <param name="targetsM">The token to predict at each place of <paramref name="target"/>.</param>
    /// <param name="weight">1 / M for the mean of this batch alone.</param>
    /// <param name="smoothing">Label smoothing; null takes the configuration's, 0 measures the cross-entropy itself.</param>
    public Tensor Loss(
        Tape tape, in TokenBatch source, in TokenBatch target, DeviceSpan<int> targetsM, float weight, float? smoothing = null)
    {
        Tensor decoded = Decode(tape, target, Encode(tape, source), source.Sequences);
        return ProjectedCrossEntropy.Apply(
            tape, decoded, Embeddings, null, targetsM, smoothing ?? _configuration.LabelSmoothing, weight);
    }

    /// <summary>Scores of every symbol, M × V.</summary>
    public Tensor Logits(Tape tape, Tensor decodedMH) => Autograd.Ops.Linear.Apply(tape, decodedMH, Embeddings, null);

    /// <summary>Begins decoding, token by token, from an encoded source; dispose of the result after the last token.</summary>
    /// <param name="tape">A tape that does not record.</param>
    /// <param name="memoryNH">The encoded source.</param>
    /// <param name="source">Its sequences' B + 1 offsets.</param>
    /// <exception cref="InvalidOperationException">The tape records, or is set to training.</exception>
    /// <exception cref="ArgumentException">The offsets do not end at the source's tokens.</exception>
    public IncrementalDecoder BeginDecoding(Tape tape, Tensor memoryNH, ReadOnlySpan<int> source)
    {
        if (tape.Recording || tape.Training)
        {
            throw new InvalidOperationException("decoding keeps no gradients and drops nothing: set Recording and Training to false");
        }

        if (source.Length < 2 || source[^1] != memoryNH.Shape.Rows)
        {
            throw new ArgumentException($"{source.Length} offsets that do not end at the source's {memoryNH.Shape.Rows} tokens");
        }

        return new IncrementalDecoder(this, tape, memoryNH, source);
    }

    /// <inheritdoc/>
    public void Dispose() => _positions.Dispose();

    internal int DecoderLayers => _decoder.Length;

    internal Tensor KeysAndValues(Tape tape, int layer, Tensor memoryNH) => _decoder[layer].Cross!.KeysAndValues(tape, memoryNH);

    /// <summary>One token for each hypothesis, to H each.</summary>
    internal Tensor Step(Tape tape, in TokenBatch tokens, KeyValueCache cache, IReadOnlyList<Tensor> keysAndValues,
        Sequences bySource, Sequences source)
    {
        (Tensor residual, Tensor x) = _decoderSubLayers.Begin(tape, Embedded(tape, tokens));
        TapeMark mark = tape.Mark();
        for (int i = 0; i < _decoder.Length; i++)
        {
            Tensor attended = _decoder[i].Attention.Step(tape, x, cache, i);
            (residual, x) = _decoderSubLayers.Advance(tape, 3 * i, residual, attended);
            (residual, x) = FinishLayer(tape, i, residual, x, keysAndValues[i], bySource, source);
            tape.FreeSince(mark, x, residual);
        }

        return x;
    }

    private (Tensor Residual, Tensor X) FinishLayer(
        Tape tape, int i, Tensor residual, Tensor x, Tensor keysAndValues, Sequences queries, Sequences source)
    {
        Tensor crossed = _decoder[i].Cross!.Apply(tape, x, keysAndValues, queries, source);
        (residual, x) = _decoderSubLayers.Advance(tape, (3 * i) + 1, residual, crossed);
        return _decoderSubLayers.Advance(tape, (3 * i) + 2, residual, _decoder[i].FeedForward.Apply(tape, x));
    }

    private Tensor Embedded(Tape tape, in TokenBatch batch)
    {
        float scale = MathF.Sqrt(_configuration.Hidden);
        Tensor embedded = Embed.Apply(tape, batch.Ids, batch.Places, Embeddings, _positions.Table, scale);
        return Dropout.Apply(tape, embedded, _configuration.Dropout);
    }

    private SubLayers SubLayersOf(ParameterSet parameters, string stack, TransformerLayer[] layers)
    {
        LayerNorm? final = _configuration.Norm == NormPlacement.Pre
            ? new LayerNorm(parameters, $"{stack}.layer_norm", _configuration.Hidden, _configuration.LayerNormEpsilon)
            : null;
        return new SubLayers(_configuration.Norm, [.. layers.SelectMany(l => l.Norms)], final, _configuration.Dropout);
    }
}
