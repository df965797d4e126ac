using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;

namespace Espalier.Engine.Search;

/// <summary>
/// Beam search over an encoder-decoder model, many sentences at a time, with what earlier tokens gave to attention kept. The
/// same sentences, settings and threads give the same translations.
/// </summary>
/// <remarks>
/// At each step the best hypotheses of a sentence are kept, as many as the beam has places left; one that ends takes a place for
/// good. A sentence is done when no place is left, or when no hypothesis can become better than the best that has ended. At the
/// greatest length hypotheses end with the probability that the model gives to that, so that every target is a whole one.
/// </remarks>
public sealed class BeamSearch
{
    private readonly EncoderDecoder _model;
    private readonly BeamSettings _settings;
    private readonly int[] _excluded;

    /// <summary>Prepares the search.</summary>
    /// <exception cref="ConfigurationException">The settings have faults; all are listed.</exception>
    public BeamSearch(EncoderDecoder model, BeamSettings settings)
    {
        ConfigurationException.ThrowIfAny("beam search", settings.Validate());
        (_model, _settings, _excluded) = (model, settings, [.. settings.Excluded]);
    }

    /// <summary>Finds the best target of each source.</summary>
    /// <param name="tape">Where to compute; it is reset, and set neither to train nor to record.</param>
    /// <param name="sources">Source tokens with the one that ends them.</param>
    /// <param name="cancel">Stops it between two tokens.</param>
    /// <returns>A target for each source, in their order.</returns>
    /// <exception cref="ArgumentException">A source is empty or too long, or an id is not in the vocabulary.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<Hypothesis> Search(Tape tape, IReadOnlyList<int[]> sources, CancellationToken cancel = default)
    {
        (tape.Training, tape.Recording) = (false, false);
        var found = new Hypothesis[sources.Count];
        foreach (int[] batch in Enumerable.Range(0, sources.Count).OrderBy(i => sources[i].Length).ThenBy(i => i).Chunk(_settings.BatchSentences))
        {
            Hypothesis[] targets = SearchBatch(tape, [.. batch.Select(i => sources[i])], cancel);
            for (int i = 0; i < batch.Length; i++)
            {
                found[batch[i]] = targets[i];
            }
        }

        return found;
    }

    private Hypothesis[] SearchBatch(Tape tape, int[][] sources, CancellationToken cancel)
    {
        EncoderDecoderConfiguration c = _model.Configuration;
        int[] offsets = new int[sources.Length + 1];
        for (int i = 0; i < sources.Length; i++)
        {
            offsets[i + 1] = offsets[i] + sources[i].Length;
        }

        tape.Reset();
        TokenBatch batch = TokenBatch.Upload(tape, [.. sources.SelectMany(s => s)], offsets, c);
        using IncrementalDecoder decoder = _model.BeginDecoding(tape, _model.Encode(tape, batch), offsets);
        SentenceBeam[] beams =
            [.. sources.Select(s => new SentenceBeam(_settings, _settings.MaximumTokens(s.Length - 1, c.MaximumPositions)))];
        List<int> tokens = [], parents = [];
        int[] counts = new int[beams.Length];
        while (true)
        {
            (int[] first, bool begins) = (new int[beams.Length], decoder.Length == 0);
            tokens.Clear();
            parents.Clear();
            for (int i = 0; i < beams.Length; i++)
            {
                (first[i], counts[i]) = (tokens.Count, beams[i].Live.Count);
                foreach (LiveHypothesis live in beams[i].Live)
                {
                    tokens.Add(live.Token);
                    parents.Add(live.Row);
                }
            }

            if (tokens.Count == 0)
            {
                return [.. beams.Select(b => b.Best)];
            }

            cancel.ThrowIfCancellationRequested();
            Tensor logits = decoder.Step([.. tokens], counts, begins ? [] : [.. parents]);
            (float[] scores, int[] symbols, int each) = Best(tape, logits);
            Tensor? whole = null;
            for (int i = 0; i < beams.Length; i++)
            {
                if (beams[i].MustEnd)
                {
                    whole ??= LogSoftmax.Apply(tape, logits);
                    int[] ends = new int[counts[i]];
                    Array.Fill(ends, _settings.End);
                    beams[i].Advance(ScoresOfEnd(tape, whole, first[i], counts[i]), ends, first[i]);
                }
                else
                {
                    (int from, int count) = (first[i] * each, counts[i] * each);
                    beams[i].Advance(scores.AsSpan(from, count), symbols.AsSpan(from, count), first[i]);
                }
            }
        }
    }

    // No hypothesis can have more successors than the beam has places: so many of each are all that is looked at.
    private (float[] Scores, int[] Symbols, int Each) Best(Tape tape, Tensor logits)
    {
        int each = Math.Min(_settings.Beam, logits.Shape.Columns);
        (Tensor values, DeviceSpan<int> places) = LargestLogProbabilities.Apply(tape, logits, each, _excluded);
        (float[] scores, int[] symbols) = (new float[places.Length], new int[places.Length]);
        tape.Device.Download(values.Data, scores.AsSpan());
        tape.Device.Download(places, symbols.AsSpan());
        return (scores, symbols, each);
    }

    private float[] ScoresOfEnd(Tape tape, Tensor logProbabilities, int first, int count)
    {
        float[] scores = new float[count];
        for (int i = 0; i < count; i++)
        {
            long at = ((long)(first + i) * logProbabilities.Shape.Columns) + _settings.End;
            tape.Device.Download(logProbabilities.Data.Slice(at, 1), scores.AsSpan(i, 1));
        }

        return scores;
    }
}
