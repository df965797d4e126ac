namespace Espalier.Compression.Analysis;

/// <summary>The models that no other one beats under two measures.</summary>
public static class ParetoFrontier
{
    /// <summary>Finds them: each that no other one is at least as good as in both measures and better in one.</summary>
    /// <typeparam name="T">What is compared.</typeparam>
    /// <param name="models">All of them.</param>
    /// <param name="measures">What was measured of one.</param>
    /// <param name="first">One measure, by which the result is ordered, the best first.</param>
    /// <param name="second">The other.</param>
    public static IReadOnlyList<T> Of<T>(IEnumerable<T> models, Func<T, ModelMeasures> measures, Measure first, Measure second)
    {
        List<T> frontier = [];
        double best = double.NegativeInfinity, at = double.NaN;
        foreach (T model in models.OrderByDescending(m => Merit(m, first)).ThenByDescending(m => Merit(m, second)))
        {
            double merit = Merit(model, second), beside = Merit(model, first);

            // Of equal models all are on it.
            if (merit > best || (merit == best && beside == at))
            {
                (best, at) = (merit, beside);
                frontier.Add(model);
            }
        }

        return frontier;

        double Merit(T model, Measure measure)
            => measure is Measure.Quality or Measure.TokensPerSecond ? measures(model)[measure] : -measures(model)[measure];
    }
}
