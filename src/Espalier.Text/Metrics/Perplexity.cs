namespace Espalier.Text.Metrics;

/// <summary>
/// How many tokens a language model is, on average, undecided between: exp(summed negative log-likelihood / predicted
/// tokens). Sums are kept in double precision, so that batches of any size and order give the same figure.
/// </summary>
public sealed class Perplexity
{
    private double _negativeLogLikelihood;

    /// <summary>Number of tokens predicted so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Adds the predictions of a batch.</summary>
    /// <param name="negativeLogLikelihood">Sum over its predicted tokens, in nats.</param>
    /// <param name="tokens">Number of predicted tokens, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is negative.</exception>
    public void Add(double negativeLogLikelihood, long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(tokens);
        _negativeLogLikelihood += negativeLogLikelihood;
        Tokens += tokens;
    }

    /// <summary>Mean negative log-likelihood in nats per token; NaN before the first token.</summary>
    public double MeanLoss => _negativeLogLikelihood / Tokens;

    /// <summary>The perplexity, at least 1 for a proper distribution; NaN before the first token.</summary>
    public double Value => Math.Exp(MeanLoss);
}
