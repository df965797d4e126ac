namespace Espalier.Planning.Curves;

/// <summary>A held-out loss in the course of training.</summary>
/// <param name="Steps">
/// Steps at the full learning rate: the sum of rate / peak rate over the steps made. While the rate stands at its peak these are
/// steps; a linear decay from the peak to zero counts half its steps.
/// </param>
/// <param name="Loss">Mean held-out cross-entropy in nats.</param>
public readonly record struct CurvePoint(double Steps, double Loss);

/// <summary>A loss that is expected.</summary>
/// <param name="Loss">The expectation, in nats.</param>
/// <param name="Low">Lower end of an interval of about 90 %.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Basis">What it rests on.</param>
public readonly record struct LossForecast(double Loss, double Low, double High, ForecastBasis Basis)
{
    /// <summary>Standard deviations on each side of a 90 % interval.</summary>
    internal const double Quantile = 1.645;

    /// <summary>The same with another cause of error, independent of those that are in its interval.</summary>
    /// <param name="deviation">Its standard deviation, in nats.</param>
    internal LossForecast Widened(double deviation)
    {
        double own = Quantile * deviation, down = Loss - Low, up = High - Loss;
        return this with
        {
            Low = Math.Max(0, Loss - Math.Sqrt((down * down) + (own * own))),
            High = Loss + Math.Sqrt((up * up) + (own * own)),
        };
    }
}

/// <summary>What a forecast rests on.</summary>
public enum ForecastBasis
{
    /// <summary>A power law through the points.</summary>
    PowerLaw,

    /// <summary>The loss falls ever faster, as when a model leaves the plateau of word frequencies: no law can be fitted yet.</summary>
    Accelerating,

    /// <summary>The held-out loss rises: the model learns its data by heart.</summary>
    Overfitting,

    /// <summary>Too few points for a fit.</summary>
    FewPoints,

    /// <summary>The loss is still that of word frequencies: when it leaves that plateau, and whether it does, no curve on it tells.</summary>
    Plateau,
}
