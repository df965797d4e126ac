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

    /// <summary>
    /// The best model within all limits, of equally good ones the smallest. Where none is, the one whose largest
    /// relative excess over a limit is the smallest.
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

        var excesses = models.Select(model => (Model: model, Over: Excesses(measures(model), quality, limits, metric))).ToArray();
        (T chosen, List<LimitExcess> over) = excesses
            .OrderBy(e => e.Over.Select(Relative).DefaultIfEmpty().Max())
            .ThenByDescending(e => measures(e.Model).Quality)
            .ThenBy(e => measures(e.Model).Bytes).First();
        return new ModelChoice<T>(chosen, over.Count == 0, over);
    }

    private static double Relative(LimitExcess excess)
        => excess.Measure == Measure.Quality
            ? (excess.Value - excess.Limit) / Math.Max(excess.Limit, LeastDrop)
            : (excess.Value - excess.Limit) / excess.Limit;

    private static List<LimitExcess> Excesses(ModelMeasures m, double quality, DeploymentLimits limits, QualityMetric metric)
    {
        List<LimitExcess> over = [];
        Look(Measure.Bytes, limits.MaxBytes, m.Bytes);
        Look(Measure.Latency, limits.MaxLatency?.TotalSeconds, m.Latency);

        // Accuracies are counts of examples: what differs by less than any of them is rounding.
        Look(Measure.Quality, limits.MaxDrop, Math.Round((quality - m.Quality) / metric.Best(), 9));
        return over;

        void Look(Measure measure, double? limit, double value)
        {
            if (value > limit)
            {
                over.Add(new LimitExcess(measure, limit.Value, value));
            }
        }
    }
}
