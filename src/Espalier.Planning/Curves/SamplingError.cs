namespace Espalier.Planning.Curves;

/// <summary>What a model lost on a part of the held-out text.</summary>
/// <param name="Predictions">Predictions of the part.</param>
/// <param name="LossSum">Sum of their losses, in nats.</param>
public readonly record struct LossPart(long Predictions, double LossSum);

/// <summary>
/// What chance there is in a held-out loss because it is measured on so much text and no more: standard errors of a ratio of sums,
/// with the parts as the sample (Cochran 1977, §2.11). Predictions of one text are alike, so that single ones would promise too much.
/// </summary>
public static class SamplingError
{
    private const int FewestParts = 2;

    /// <summary>Standard error of a mean loss, in nats; null where there are too few parts.</summary>
    public static double? OfMean(IReadOnlyList<LossPart> parts)
    {
        long predictions = parts.Sum(p => p.Predictions);
        if (parts.Count < FewestParts || predictions <= 0)
            return null;
        double mean = parts.Sum(p => p.LossSum) / predictions;
        double squares = parts.Sum(p => Math.Pow(p.LossSum - (mean * p.Predictions), 2));
        return Math.Sqrt(squares * parts.Count / (parts.Count - 1)) / predictions;
    }

    /// <summary>
    /// Standard error of the difference between two models' mean losses on the same text, in nats: most of what is hard for one is hard
    /// for the other, so it is far below that of either. Null where the parts are not of the same predictions.
    /// </summary>
    /// <param name="one">One model's parts.</param>
    /// <param name="other">The other's; they may be cut elsewhere.</param>
    public static double? OfDifference(IReadOnlyList<LossPart> one, IReadOnlyList<LossPart> other)
        => one.Sum(p => p.Predictions) != other.Sum(p => p.Predictions) ? null : OfMean([.. Differences(one, other)]);

    // Cut where both are cut.
    private static IEnumerable<LossPart> Differences(IReadOnlyList<LossPart> one, IReadOnlyList<LossPart> other)
    {
        long predictions = 0, ahead = 0;
        double difference = 0;
        int next = 0;
        foreach (LossPart part in one)
        {
            predictions += part.Predictions;
            ahead += part.Predictions;
            difference += part.LossSum;
            for (; next < other.Count && other[next].Predictions <= ahead; next++)
            {
                ahead -= other[next].Predictions;
                difference -= other[next].LossSum;
            }
            if (ahead == 0)
            {
                yield return new LossPart(predictions, difference);
                (predictions, difference) = (0, 0);
            }
        }
    }
}
