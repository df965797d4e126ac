using System.Numerics;

namespace Espalier.Engine.Search;

/// <summary>A hypothesis that has not ended.</summary>
/// <param name="Token">Its last token.</param>
/// <param name="Before">What stands before it; null at the begin.</param>
/// <param name="Sum">Its log-probability.</param>
/// <param name="Row">The row, in the step before, of the hypothesis that it goes on from.</param>
internal sealed record LiveHypothesis(int Token, LiveHypothesis? Before, double Sum, int Row);

/// <summary>The hypotheses of one sentence.</summary>
internal sealed class SentenceBeam
{
    private readonly BeamSettings _settings;
    private readonly int _maximum;
    private readonly List<LiveHypothesis> _live = [];
    private readonly List<Candidate> _candidates = [];
    private int _ended;
    private int _length;

    public SentenceBeam(BeamSettings settings, int maximum)
    {
        (_settings, _maximum) = (settings, maximum);
        _live.Add(new LiveHypothesis(settings.Begin, null, 0, 0));
    }

    /// <summary>Those to go on with; empty when the sentence is done.</summary>
    public IReadOnlyList<LiveHypothesis> Live => _live;

    /// <summary>The best that has ended; empty, with a score of minus infinity, where a model gives no numbers.</summary>
    public Hypothesis Best { get; private set; } = new([], double.NegativeInfinity);

    /// <summary>Goes on by a token.</summary>
    /// <param name="scores">Log-probabilities of every symbol, a row for each live hypothesis.</param>
    /// <param name="firstRow">The number of the first row among those of all sentences.</param>
    public void Advance(ReadOnlySpan<float> scores, int firstRow)
    {
        if (_live.Count == 0)
        {
            return;
        }

        int vocabulary = scores.Length / _live.Count, places = _settings.Beam - _ended;
        _candidates.Clear();
        for (int row = 0; row < _live.Count; row++)
        {
            ReadOnlySpan<float> own = scores.Slice(row * vocabulary, vocabulary);
            if (_length == _maximum)
            {
                Consider(new Candidate(_live[row].Sum + own[_settings.End], row, _settings.End), places);
            }
            else
            {
                ConsiderAll(own, row, places);
            }
        }

        LiveHypothesis[] before = [.. _live];
        _live.Clear();
        _length++;
        foreach (Candidate candidate in _candidates)
        {
            LiveHypothesis parent = before[candidate.Row];
            if (candidate.Token == _settings.End)
            {
                End(parent, candidate.Sum);
            }
            else
            {
                _live.Add(new LiveHypothesis(candidate.Token, parent, candidate.Sum, firstRow + candidate.Row));
            }
        }

        // They come in order: the first is the likeliest. Sums only fall, and the longest target has the greatest penalty.
        if (_live.Count > 0 && _live[0].Sum / _settings.Penalty(_maximum + 1) <= Best.Score)
        {
            _live.Clear();
        }
    }

    private void ConsiderAll(ReadOnlySpan<float> scores, int row, int places)
    {
        double sum = _live[row].Sum;
        int i = 0;
        for (; i <= scores.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (Vector.GreaterThanAny(new Vector<float>(scores[i..]), new Vector<float>(Bound(sum, places))))
            {
                Consider(scores, i, i + Vector<float>.Count, row, places);
            }
        }

        Consider(scores, i, scores.Length, row, places);
    }

    private void Consider(ReadOnlySpan<float> scores, int begin, int end, int row, int places)
    {
        double sum = _live[row].Sum;
        for (int token = begin; token < end; token++)
        {
            if (_settings.Excluded.Contains(token))
            {
                continue;
            }

            Consider(new Candidate(sum + scores[token], row, token), places);
        }
    }

    /// <summary>What a symbol's score must exceed to be looked at more closely: a little less than the last candidate's.</summary>
    private float Bound(double sum, int places)
        => _candidates.Count < places ? float.NegativeInfinity : MathF.BitDecrement((float)(_candidates[^1].Sum - sum));

    /// <summary>Puts a candidate in its place, if it has one; of equals the first that comes stays first.</summary>
    private void Consider(Candidate candidate, int places)
    {
        if (_candidates.Count == places)
        {
            if (!(candidate.Sum > _candidates[^1].Sum))
            {
                return;
            }

            _candidates.RemoveAt(places - 1);
        }
        else if (!(candidate.Sum > double.NegativeInfinity))
        {
            return;
        }

        int at = _candidates.Count;
        while (at > 0 && _candidates[at - 1].Sum < candidate.Sum)
        {
            at--;
        }

        _candidates.Insert(at, candidate);
    }

    private void End(LiveHypothesis last, double sum)
    {
        _ended++;
        double score = sum / _settings.Penalty(_length);
        if (score > Best.Score)
        {
            int[] tokens = new int[_length - 1];
            LiveHypothesis at = last;
            for (int i = tokens.Length - 1; i >= 0; i--)
            {
                (tokens[i], at) = (at.Token, at.Before!);
            }

            Best = new Hypothesis(tokens, score);
        }
    }

    private readonly record struct Candidate(double Sum, int Row, int Token);
}
