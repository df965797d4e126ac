namespace Espalier.Planning.Curves;

/// <summary>
/// How losses fall from a point of training on, as other runs have shown: L(s) = L(s₁) ((s + 1) / (s₁ + 1))^−k, about; on English wherever
/// s₁ lies, on the plateau of word frequencies or after it. Where a race has seen little of a curve, that says more of its end than the curve.
/// It says nothing of which size is the better one: after equal times that would be the one that is ahead, and the smallest learn
/// word frequencies first.
/// </summary>
/// <param name="Exponent">k.</param>
/// <param name="Deviation">Its standard deviation between runs.</param>
public readonly record struct UsualFall(double Exponent, double Deviation)
{
    // Standard deviation of ln L that does not grow with the reach: where a point lies on its curve, just before a steep part or after it.
    // It is less where less than one unit of ln(steps) is left.
    private const double Scatter = 0.1;

    /// <summary>Nothing is known: forecasts stay as they are.</summary>
    public static UsualFall Unknown => default;

    /// <summary>
    /// A forecast together with what is usual: each counts by how sure it is of itself, and where no law could be fitted what is usual counts
    /// alone. A law that contradicts it counts less, and the interval is wider: laws through a few points promise more than they keep.
    /// </summary>
    /// <param name="forecast">The forecast from the curve itself.</param>
    /// <param name="last">The last point of the curve.</param>
    /// <param name="steps">Steps at the full rate when training ends.</param>
    public LossForecast Apply(LossForecast forecast, CurvePoint last, double steps)
    {
        double reach = Math.Log((steps + 1) / (last.Steps + 1));
        if (this == Unknown || !(reach > 0 && last.Loss > 0) || forecast.Basis == ForecastBasis.Overfitting)
            return forecast;
        double usual = last.Loss * Math.Exp(-Exponent * reach);
        double variance = usual * usual * (Square(Deviation * reach) + Square(Scatter * Math.Min(1, reach)));
        if (forecast.Basis != ForecastBasis.PowerLaw)
            return Around(usual, variance, forecast.Basis);
        double own = Square((forecast.High - forecast.Low) / 2 / LossForecast.Quantile);

        // Between a law that is believed and one that is not.
        own *= Math.Sqrt(Contradiction(own));
        double both = own + variance, contradiction = Contradiction(own);
        return Around(((forecast.Loss * variance) + (usual * own)) / both, own * variance / both * contradiction, forecast.Basis);

        double Contradiction(double ownVariance) => Math.Max(1, Square(forecast.Loss - usual) / (ownVariance + variance));
    }

    private static LossForecast Around(double loss, double variance, ForecastBasis basis)
    {
        double half = LossForecast.Quantile * Math.Sqrt(variance);
        return new LossForecast(loss, Math.Max(0, loss - half), loss + half, basis);
    }

    private static double Square(double x) => x * x;
}
