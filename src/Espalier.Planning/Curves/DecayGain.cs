namespace Espalier.Planning.Curves;

/// <summary>
/// How much lower the held-out loss comes out when the learning rate decays to zero at the end of the budget, than a curve at the
/// full rate says for the same <see cref="CurvePoint.Steps"/>: a share of what was learnt till then, the fall below the loss of a
/// model that ignores context. One share for all candidates, known from other runs and not from this one.
/// </summary>
/// <param name="Share">The mean gain, as a part of the fall.</param>
/// <param name="Deviation">Its standard deviation between runs.</param>
public readonly record struct DecayGain(double Share, double Deviation)
{
    /// <summary>Nothing is known: no gain is promised.</summary>
    public static DecayGain Unknown => default;

    /// <summary>The gain of decays that were really run.</summary>
    /// <param name="decays">Of each: the loss without context, the loss that the curve at the full rate says, and the loss after the decay.</param>
    public static DecayGain Of(IReadOnlyList<(double ContextFree, double AtFullRate, double Decayed)> decays)
    {
        if (decays.Count == 0)
            return Unknown;
        double[] shares = [.. decays.Select(d => (d.AtFullRate - d.Decayed) / (d.ContextFree - d.AtFullRate))];
        double mean = shares.Average();
        // One says nothing about the spread: as much as the gain itself then.
        double deviation = shares.Length == 1
            ? Math.Abs(mean)
            : Math.Sqrt(shares.Sum(s => (s - mean) * (s - mean)) / (shares.Length - 1));
        return new DecayGain(mean, deviation);
    }

    /// <summary>What it has taken off a forecast, in nats.</summary>
    /// <param name="loss">The forecast, with the decay.</param>
    /// <param name="contextFree">Loss of a model that ignores context.</param>
    public double TakenOff(double loss, double contextFree) => Share / (1 + Share) * Math.Max(0, contextFree - loss);

    /// <summary>A forecast at the full rate, with the decay.</summary>
    /// <param name="forecast">The forecast.</param>
    /// <param name="contextFree">Loss of a model that ignores context.</param>
    public LossForecast Apply(LossForecast forecast, double contextFree)
    {
        double fall = Math.Max(0, contextFree - forecast.Loss), loss = Math.Max(0, forecast.Loss - (Share * fall));
        double down = forecast.Loss - forecast.Low, up = forecast.High - forecast.Loss;
        return (forecast with { Loss = loss, Low = loss - down, High = loss + up }).Widened(Deviation * fall);
    }
}
