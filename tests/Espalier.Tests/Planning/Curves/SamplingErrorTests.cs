using Espalier.Planning.Curves;

namespace Espalier.Tests.Planning.Curves;

public class SamplingErrorTests
{
    [Fact]
    public void OfMean_ManySamples_IsAsLargeAsMeansDiffer()
    {
        double[] means = new double[400], errors = new double[400];
        for (int seed = 0; seed < means.Length; seed++)
        {
            LossPart[] parts = Parts(new Random(seed), 64);
            means[seed] = parts.Sum(p => p.LossSum) / parts.Sum(p => p.Predictions);
            errors[seed] = SamplingError.OfMean(parts)!.Value;
        }
        double mean = means.Average(), deviation = Math.Sqrt(means.Average(m => (m - mean) * (m - mean)));
        Assert.InRange(errors.Average(), 0.85 * deviation, 1.15 * deviation);
    }

    [Fact]
    public void OfDifference_AlikeOnEveryPart_IsFarBelowThatOfEither()
    {
        LossPart[] one = Parts(new Random(1), 64);
        var random = new Random(2);
        LossPart[] other = [.. one.Select(p => p with { LossSum = p.LossSum + (p.Predictions * (0.3 + (0.01 * random.NextDouble()))) })];
        Assert.True(SamplingError.OfDifference(one, other) < SamplingError.OfMean(one) / 20);
    }

    [Fact]
    public void OfDifference_CutElsewhere_IsThatOfWhatBothHave()
    {
        LossPart[] one = Parts(new Random(1), 60);
        LossPart[] other = Parts(new Random(2), 60).Zip(one, (p, o) => o with { LossSum = p.LossSum }).ToArray();
        LossPart[] halves = Merged(other, 2), thirds = Merged(one, 3), sixths = Merged(one, 6);
        Assert.Equal(SamplingError.OfDifference(sixths, Merged(other, 6))!.Value, SamplingError.OfDifference(thirds, halves)!.Value, 12);
        Assert.Equal(SamplingError.OfDifference(halves, thirds)!.Value, SamplingError.OfDifference(thirds, halves)!.Value, 12);
    }

    [Fact]
    public void Errors_OtherTextOrTooLittle_AreNotKnown()
    {
        LossPart[] parts = Parts(new Random(1), 8);
        Assert.Null(SamplingError.OfMean([]));
        Assert.Null(SamplingError.OfMean(parts[..1]));
        Assert.Null(SamplingError.OfDifference(parts, parts[..7]));
    }

    // Parts of a text are easy or hard as a whole, besides the chance of each prediction.
    private static LossPart[] Parts(Random random, int count) =>
    [
        .. Enumerable.Range(0, count).Select(_ =>
        {
            int predictions = 60 + random.Next(40);
            double mean = 4 + (0.3 * LearningCurveTests.Normal(random));
            return new LossPart(predictions, (predictions * mean) + (2 * Math.Sqrt(predictions) * LearningCurveTests.Normal(random)));
        }),
    ];

    private static LossPart[] Merged(LossPart[] parts, int by)
        => [.. parts.Chunk(by).Select(c => new LossPart(c.Sum(p => p.Predictions), c.Sum(p => p.LossSum)))];
}
