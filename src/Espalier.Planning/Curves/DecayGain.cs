namespace Espalier.Planning.Curves;

/// <summary>
/// How much lower the held-out loss comes out when the learning rate decays to zero at the end of the budget, than a curve at the
/// full rate says for the same <see cref="CurvePoint.Steps"/>. One gain for all candidates: a decay removes the noise of the full
/// rate, which differs far less between sizes than the curves do; so it moves every forecast and leaves their order alone.
/// </summary>
/// <param name="Nats">The mean gain.</param>
/// <param name="Deviation">Its standard deviation between runs.</param>
public readonly record struct DecayGain(double Nats, double Deviation)
{
    /// <summary>Nothing is known: no gain is promised.</summary>
    public static DecayGain Unknown => default;

    /// <summary>The gain of decays that were really run, each from the point that its curve had then.</summary>
    /// <param name="pairs">Loss that the curve at the full rate says, and loss after the decay.</param>
    public static DecayGain Of(IReadOnlyList<(double AtFullRate, double Decayed)> pairs)
    {
        if (pairs.Count == 0)
            return Unknown;
        double mean = pairs.Average(p => p.AtFullRate - p.Decayed);
        // One pair says nothing about the spread: half of the gain itself then.
        double deviation = pairs.Count == 1
            ? Math.Abs(mean) / 2
            : Math.Sqrt(pairs.Sum(p => Math.Pow(p.AtFullRate - p.Decayed - mean, 2)) / (pairs.Count - 1));
        return new DecayGain(mean, deviation);
    }

    /// <summary>A forecast at the full rate, with the decay.</summary>
    public LossForecast Apply(LossForecast forecast)
    {
        double loss = Math.Max(0, forecast.Loss - Nats);
        double down = Widen(forecast.Loss - forecast.Low), up = Widen(forecast.High - forecast.Loss);
        return forecast with { Loss = loss, Low = Math.Max(0, loss - down), High = loss + up };
    }

    private double Widen(double half)
    {
        double own = LearningCurve.Quantile * Deviation;
        return Math.Sqrt((half * half) + (own * own));
    }
}
