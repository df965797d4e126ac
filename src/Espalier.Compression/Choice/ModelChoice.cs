using Espalier.Compression.Analysis;

namespace Espalier.Compression.Choice;

/// <summary>The model to take, under limits.</summary>
/// <typeparam name="T">What models are chosen from.</typeparam>
/// <param name="Chosen">The best one that fits; where none does, the nearest.</param>
/// <param name="Fits">Whether it fits.</param>
/// <param name="Gives">Where it does not: each limit that would have to give, and by how much.</param>
public sealed record ModelChoice<T>(T Chosen, bool Fits, IReadOnlyList<LimitExcess> Gives);

/// <summary>A limit that a model does not keep to.</summary>
/// <param name="Measure">What is limited; <see cref="Measure.Quality"/> stands for its drop.</param>
/// <param name="Limit">The limit: bytes, seconds, or a part of the best quality there can be, 0.01 for one point of a hundred.</param>
/// <param name="Value">What the model has.</param>
public sealed record LimitExcess(Measure Measure, double Limit, double Value);

/// <summary>Chooses among compressed models.</summary>
public static class ModelChoices
{
    // A drop is set against this much where a limit allows none, for how far is 0.1 % from none?
    private const double LeastDrop = 0.001;

    // What one that is to be small may lose where nothing else is said: next to nothing.
    private const double Negligible = 0.005;

    // Accuracies are counts of examples: what differs by less than any of them is rounding.
    private const double Rounding = 1e-9;

    // Latencies that differ by less are taken to be the same: measured again, either may be the lower one.
    private const double Spread = 0.1;

    /// <summary>
    /// Where size or latency is limited, the best model within all limits, of equally good ones the smallest. Where neither is, the
    /// smallest that loses no more than the drop that is allowed, half a point where none is named. Where no model keeps to the limits,
    /// the one whose largest relative excess over one is the smallest; latencies that hardly differ count as the same there, and the
    /// other limits decide.
    /// </summary>
    /// <param name="models">One or more.</param>
    /// <param name="measures">What was measured of one.</param>
    /// <param name="quality">The quality of the uncompressed model.</param>
    /// <param name="limits">What to keep to.</param>
    /// <param name="metric">What qualities are.</param>
    /// <exception cref="CompressionException">There is no model to choose from.</exception>
    public static ModelChoice<T> Choose<T>(
        IReadOnlyList<T> models, Func<T, ModelMeasures> measures, double quality, DeploymentLimits limits,
        QualityMetric metric = QualityMetric.Accuracy)
    {
        if (models.Count == 0)
        {
            throw new CompressionException("there is no model to choose from: every cell of the grid failed");
        }

        if (limits is { MaxBytes: null, MaxLatency: null } && Smallest(models, measures, quality - ((limits.MaxDrop ?? Negligible) * metric.Best())) is { Length: > 0 } small)
        {
            return new ModelChoice<T>(small[0], true, []);
        }

        var excesses = models.Select(model => (Model: model, Over: Excesses(measures(model), quality, limits, metric))).ToArray();
        double fastest = models.Min(model => measures(model).Latency);
        (T chosen, List<LimitExcess> over) = excesses
            .OrderBy(e => e.Over.Count > 0)
            .ThenBy(e => e.Over.Select(o => Relative(o, fastest)).DefaultIfEmpty().Max())
            .ThenBy(e => e.Over.Where(o => o.Measure != Measure.Latency).Select(o => Relative(o, fastest)).DefaultIfEmpty().Max())
            .ThenByDescending(e => measures(e.Model).Quality)
            .ThenBy(e => measures(e.Model).Bytes).First();
        return new ModelChoice<T>(chosen, over.Count == 0, over);
    }

    // Those that are good enough, the smallest first.
    private static T[] Smallest<T>(IReadOnlyList<T> models, Func<T, ModelMeasures> measures, double quality)
        => [.. models.Where(model => measures(model).Quality >= quality - Rounding).OrderBy(model => measures(model).Bytes)
            .ThenByDescending(model => measures(model).Quality)];

    private static double Relative(LimitExcess excess, double fastest) => excess switch
    {
        { Measure: Measure.Quality } => (excess.Value - excess.Limit) / Math.Max(excess.Limit, LeastDrop),
        { Measure: Measure.Latency } when excess.Value <= fastest * (1 + Spread) => (Math.Max(fastest, excess.Limit) - excess.Limit) / excess.Limit,
        _ => (excess.Value - excess.Limit) / excess.Limit,
    };

    private static List<LimitExcess> Excesses(ModelMeasures m, double quality, DeploymentLimits limits, QualityMetric metric)
    {
        List<LimitExcess> over = [];
        Look(Measure.Bytes, limits.MaxBytes, m.Bytes);
        Look(Measure.Latency, limits.MaxLatency?.TotalSeconds, m.Latency);

        Look(Measure.Quality, limits.MaxDrop, (quality - m.Quality) / metric.Best(), Rounding);
        return over;

        void Look(Measure measure, double? limit, double value, double slack = 0)
        {
            if (limit is { } most && value > most + slack)
            {
                over.Add(new LimitExcess(measure, most, value));
            }
        }
    }
}
