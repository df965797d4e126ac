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

    /// <summary>Whether hypotheses have the greatest length, so that all they can do is end.</summary>
    public bool MustEnd => _length == _maximum;

    /// <summary>Goes on by a token.</summary>
    /// <param name="scores">The greatest log-probabilities after each live hypothesis, in descending order.</param>
    /// <param name="tokens">Their tokens.</param>
    /// <param name="firstRow">The number of the first hypothesis among those of all sentences.</param>
    public void Advance(ReadOnlySpan<float> scores, ReadOnlySpan<int> tokens, int firstRow)
    {
        if (_live.Count == 0)
        {
            return;
        }

        int each = scores.Length / _live.Count, places = _settings.Beam - _ended;
        _candidates.Clear();
        for (int i = 0; i < scores.Length; i++)
        {
            int row = i / each;
            Consider(new Candidate(_live[row].Sum + scores[i], row, tokens[i]), places);
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
