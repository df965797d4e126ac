using Espalier.Engine.Autograd;
using Espalier.Engine.Layers;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Models;

/// <summary>
/// Decodes a token at a time: what earlier tokens gave to attention is kept, not computed again. Each source sentence may
/// have several hypotheses (a beam); hypotheses of one sentence stand together, in the order of the sentences.
/// </summary>
public sealed class IncrementalDecoder : IDisposable
{
    private readonly EncoderDecoder _model;
    private readonly Tape _tape;
    private readonly KeyValueCache _cache;
    private readonly DeviceMemory[] _keysAndValues;
    private readonly int[] _source;

    internal IncrementalDecoder(EncoderDecoder model, Tape tape, Tensor memoryNH, ReadOnlySpan<int> source)
    {
        (_model, _tape, _source) = (model, tape, source.ToArray());
        _cache = new KeyValueCache(tape.Device, model.DecoderLayers, model.Configuration.AttentionWidth);
        _keysAndValues = new DeviceMemory[model.DecoderLayers];
        for (int i = 0; i < _keysAndValues.Length; i++)
        {
            Tensor keysAndValues = model.KeysAndValues(tape, i, memoryNH);
            _keysAndValues[i] = new DeviceMemory(tape.Device, keysAndValues.Shape.Count * sizeof(float));
            tape.Kernels.Scale(keysAndValues.Data, 1, _keysAndValues[i].Span<float>().Slice(0, keysAndValues.Shape.Count));
        }
    }

    /// <summary>Tokens that each hypothesis has.</summary>
    public int Length => _cache.Length;

    /// <summary>
    /// Adds a token to every hypothesis and gives the scores of the next one. Resets the tape, so that a step's memory
    /// serves the next.
    /// </summary>
    /// <param name="tokens">The last token of each hypothesis.</param>
    /// <param name="hypotheses">How many hypotheses each source sentence has now; 0 for one that is finished.</param>
    /// <param name="parents">For each hypothesis, which one of the step before it goes on from; empty in the first step,
    /// and when each goes on from itself.</param>
    /// <returns>Hypotheses × V, valid until the next step.</returns>
    /// <exception cref="ArgumentException">The counts do not fit together, or a parent does not exist.</exception>
    public Tensor Step(ReadOnlySpan<int> tokens, ReadOnlySpan<int> hypotheses, ReadOnlySpan<int> parents)
    {
        if (Length >= _model.Configuration.MaximumPositions)
        {
            throw new ArgumentException($"hypotheses have {Length} tokens already; the model's positions end there");
        }

        int[] bySource = Offsets(tokens.Length, hypotheses);
        _tape.Reset();
        _cache.Continue(_tape, parents, hypotheses);
        int[] each = new int[tokens.Length + 1];
        int[] places = new int[tokens.Length];
        for (int b = 0; b < tokens.Length; b++)
        {
            each[b + 1] = b + 1;
            places[b] = Length;
        }

        var batch = new TokenBatch(_tape.Upload(tokens), _tape.Upload(places), Sequences.Upload(_tape, each, tokens.Length));
        int width = 2 * _model.Configuration.AttentionWidth;
        var keysAndValues = new Tensor[_keysAndValues.Length];
        for (int i = 0; i < keysAndValues.Length; i++)
        {
            keysAndValues[i] = new Tensor { Shape = Shape.Matrix(_source[^1], width), Data = _keysAndValues[i].Span<float>() };
        }

        Tensor x = _model.Step(
            _tape, batch, _cache, keysAndValues, Sequences.Upload(_tape, bySource, tokens.Length),
            Sequences.Upload(_tape, _source, _source[^1]));
        return _model.Logits(_tape, x);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cache.Dispose();
        foreach (DeviceMemory memory in _keysAndValues)
        {
            memory.Dispose();
        }
    }

    private int[] Offsets(int tokens, ReadOnlySpan<int> hypotheses)
    {
        if (hypotheses.Length != _source.Length - 1)
        {
            throw new ArgumentException($"{hypotheses.Length} counts of hypotheses for {_source.Length - 1} source sentences");
        }

        int[] offsets = new int[hypotheses.Length + 1];
        for (int i = 0; i < hypotheses.Length; i++)
        {
            offsets[i + 1] = hypotheses[i] >= 0
                ? offsets[i] + hypotheses[i]
                : throw new ArgumentException($"{hypotheses[i]} hypotheses of source sentence {i}; expected 0 or more");
        }

        return offsets[^1] == tokens
            ? offsets
            : throw new ArgumentException($"{tokens} tokens for {offsets[^1]} hypotheses");
    }
}
