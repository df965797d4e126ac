namespace Espalier.Planning.Curves;

/// <summary>
/// Forecasts the end of a learning curve with L(s) = E + A (s + s₀)^−α, E and A ≥ 0, and its limit for α → 0, E − A ln(s + s₀).
/// </summary>
/// <remarks>
/// α and s₀ run over a grid and E and A are solved for at each (variable projection, as <c>vpnls</c> does): no starting values, no
/// local minima. The forecast is the mean over the grid by likelihood, and by what exponents are like elsewhere, so curves that the points
/// cannot tell apart all have a say, and their disagreement is the interval's greater part. Points that lie off are given less weight
/// (Huber).
/// Masked language models rest on a plateau, where only word frequencies are learned, and leave it suddenly: the law is fitted to
/// what follows the steepest fall, and where too little follows, the forecast says so by a wide interval. What is still on the plateau
/// follows a law of its own there; that law says how the plateau goes on, and nothing of what comes after it.
/// Curves of one race share α and s₀: sizes differ in how much there is to gain and how much of it remains, and hardly in the law, which
/// the few points of one of them cannot tell. Fitted apart, the order of their forecasts was chance.
/// </remarks>
public static class LearningCurve
{
    // E, A, α and s₀.
    private const int Parameters = 4;

    private const int LeastPoints = 4, Reweightings = 3;

    // A step moves the loss back and forth a little: below this is noise, whatever a fit leaves over. That the loss is measured on so
    // many tokens and no more is not in it, as they and their masks are always the same: SamplingError has that.
    private const double LeastNoise = 0.003;

    // No law is exact within the points either: standard error, as a part of the loss. Without it four points decide for one law of
    // hundreds, and what decides is chance: a made-up language was to be learned to a loss of 0 so, and translation to 0.3 instead of 1.2.
    private const double Misfit = 0.01;

    // What exponents are like, before any point is seen: the first halves of learning curves on English, with weights that begin as ours do,
    // have 0.2 to 0.5 by steps (seven sizes in three and in thirty minutes; by tokens and over orders of magnitude they are lower, Kaplan et
    // al. 2020). ln α is normal; the law without exponent counts as the lowest.
    private const double LikelyExponent = 0.25, ExponentSpread = 0.5, LowestExponent = 0.035;

    // No law is exact: standard error, as a part of the loss, for each unit of ln(steps) that a forecast reaches ahead. Over tenfold
    // steps that is 5 %: from the first tenth of thirty minutes the end was forecast 6 % too high.
    private const double LawError = 0.02;

    // What another curve may say against a law, as a logarithm: one that follows a law of its own must not force it on the rest.
    private const double MostSay = 8;

    // A model that knows how often words occur and little more keeps at least this part of the loss without context: plateaus of five runs
    // on two corpora lay at 0.89 to 0.91 of it, and what left them passed below this soon after.
    private const double PlateauShare = 0.88;

    // The most that losses fell from there to the end of training, in parts of the loss without context for each unit of ln(steps). Of 18
    // forecasts from the first 6 to 15 % of six runs (their training losses) this low end holds what came in 17; without it 7 did.
    private const double SteepestFallAfter = 0.25;

    // Where so little is known, no model is expected to come below this part of the loss without context: an hour of 2 × 128 on English came
    // to 0.46, the made-up language to 0.4, translation of captions to 0.2.
    private const double LowestShare = 0.2;

    // A loss this many times the noise above the best one is no accident.
    private const double Rise = 4;

    /// <summary>Forecasts the loss.</summary>
    /// <param name="points">Held-out losses in the order of training; steps increase.</param>
    /// <param name="steps">Steps at the full rate when training ends, not before the last point.</param>
    /// <param name="others">Learning curves of other sizes on the same data, with the same settings.</param>
    /// <param name="contextFree">Held-out loss of a model that ignores context; 0 where it is not known.</param>
    /// <exception cref="ArgumentException">There is no point, steps do not increase, or a number is not finite.</exception>
    public static LossForecast Forecast(
        IReadOnlyList<CurvePoint> points, double steps, IReadOnlyList<IReadOnlyList<CurvePoint>>? others = null, double contextFree = 0)
    {
        Check(points, steps);
        IReadOnlyList<IReadOnlyList<CurvePoint>> curves = InContext([points, .. others ?? []], contextFree);
        points = curves[0];
        CurvePoint last = points[^1];
        double ratio = Math.Log((steps + 1) / (last.Steps + 1));
        LossForecast forecast = OfCurve(points, steps, ratio, [.. curves.Skip(1)]);
        double lowest = Math.Min(last.Loss, LowestShare * contextFree);
        if (points.Count < LeastPoints)
        {
            forecast = forecast with { Loss = Math.Max(forecast.Loss, lowest), Low = Math.Max(forecast.Low, lowest) };
        }
        if (last.Loss <= PlateauShare * contextFree || contextFree <= 0
            || forecast.Basis is ForecastBasis.Accelerating or ForecastBasis.Overfitting)
        {
            return forecast;
        }
        double low = Math.Max(lowest, last.Loss - (SteepestFallAfter * contextFree * ratio));
        return forecast with { Low = Math.Min(forecast.Low, low), Basis = ForecastBasis.Plateau };
    }

    // Till a model is as good as one that ignores context it learns how frequent words are, by a law of its own: fast, and soon over.
    // As soon as that can be told of one curve, it is left out of all: what little follows in the others makes a rough forecast, but a law
    // through both parts would hold against them what the first was spared.
    private static IReadOnlyList<IReadOnlyList<CurvePoint>> InContext(IReadOnlyList<IReadOnlyList<CurvePoint>> curves, double contextFree)
    {
        CurvePoint[][] after = [.. curves.Select(curve => curve.SkipWhile(p => p.Loss > contextFree).ToArray())];
        return contextFree > 0 && after.Any(curve => curve.Length >= LeastPoints)
            ? [.. after.Zip(curves, (rest, whole) => rest.Length > 0 ? rest : whole)] : curves;
    }

    private static LossForecast OfCurve(
        IReadOnlyList<CurvePoint> points, double steps, double ratio, IReadOnlyList<IReadOnlyList<CurvePoint>> others)
    {
        CurvePoint last = points[^1];
        if (points.Count < LeastPoints)
            return Few(points, ratio);
        double lowest = points.Min(p => p.Loss);
        double noise = Math.Max(LeastNoise, Roughness(points));
        if (last.Loss > lowest + (Rise * noise) && points[^2].Loss > lowest + noise)
            return Rising(points, lowest, ratio);
        return AfterPlateau(points) is { } part ? Fitted(part, [.. others.Select(AfterPlateau).OfType<CurvePoint[]>()], steps)
            : Falling(points, ratio);
    }

    private static void Check(IReadOnlyList<CurvePoint> points, double steps)
    {
        if (points.Count == 0)
            throw new ArgumentException("a learning curve needs a point", nameof(points));
        for (int i = 0; i < points.Count; i++)
        {
            if (!double.IsFinite(points[i].Loss) || !double.IsFinite(points[i].Steps) || points[i].Steps < 0)
                throw new ArgumentException($"point {i} is no finite loss at 0 or more steps: {points[i]}", nameof(points));
            if (i > 0 && points[i].Steps <= points[i - 1].Steps)
                throw new ArgumentException($"point {i} is not after the one before: {points[i]}", nameof(points));
        }
        if (!(steps >= points[^1].Steps) || !double.IsFinite(steps))
            throw new ArgumentException($"the end at {steps} steps lies before the last point at {points[^1].Steps}", nameof(steps));
    }

    // Change of loss for each unit of ln(steps).
    private static double Slope(CurvePoint a, CurvePoint b) => (b.Loss - a.Loss) / Math.Log((b.Steps + 1) / (a.Steps + 1));

    private static LossForecast Few(IReadOnlyList<CurvePoint> points, double ratio)
    {
        double last = points[^1].Loss;
        double slope = points.Count > 1 ? Math.Min(0, Slope(points[0], points[^1])) : -0.1 * last;
        double full = Math.Max(0, last + (slope * ratio));
        return new LossForecast((last + full) / 2, full, Math.Max(last, full), ForecastBasis.FewPoints);
    }

    // Somewhere between no further fall and one that goes on as steeply, in ln(steps), as the steepest part so far.
    private static LossForecast Falling(IReadOnlyList<CurvePoint> points, double ratio)
    {
        double last = points[^1].Loss;
        double steepest = Enumerable.Range(1, points.Count - 1).Min(i => Slope(points[i - 1], points[i]));
        double full = Math.Max(0, last + (Math.Min(0, steepest) * ratio));
        return new LossForecast((last + full) / 2, full, last, ForecastBasis.Accelerating);
    }

    // What goes on rising at least does not fall again: from the best point on, in ln(steps).
    private static LossForecast Rising(IReadOnlyList<CurvePoint> points, double lowest, double ratio)
    {
        CurvePoint best = points.First(p => p.Loss == lowest), last = points[^1];
        double further = Math.Max(0, Slope(best, last)) * ratio;
        return new LossForecast(last.Loss + further, last.Loss, last.Loss + (2 * further), ForecastBasis.Overfitting);
    }

    // Noise by second differences, which a smooth curve hardly has; the median, so that a plateau's end is no noise.
    private static double Roughness(IReadOnlyList<CurvePoint> points)
    {
        double[] bends =
        [
            .. Enumerable.Range(1, points.Count - 2).Select(i =>
            {
                (CurvePoint a, CurvePoint b, CurvePoint c) = (points[i - 1], points[i], points[i + 1]);
                double part = (b.Steps - a.Steps) / (c.Steps - a.Steps);
                double between = a.Loss + (part * (c.Loss - a.Loss));
                // The variance of b − (1 − part) a − part c, for equal noise.
                return Math.Abs(b.Loss - between) / Math.Sqrt(1 + (part * part) + ((1 - part) * (1 - part)));
            }).Order(),
        ];
        return bends[(bends.Length - 1) / 2] / 0.6745;
    }

    // Where the last plateau ends: the fall after it is steeper, in ln(steps), than what came before it. A curve without plateau
    // is fitted from its beginning, for there the fall is steepest in steps.
    private static int SteepestFall(IReadOnlyList<CurvePoint> points, double noise)
    {
        int start = 0;
        for (int i = 2; i < points.Count; i++)
        {
            double before = (points[i - 1].Loss - points[i - 2].Loss) / (points[i - 1].Steps - points[i - 2].Steps);
            double after = (points[i].Loss - points[i - 1].Loss) / (points[i].Steps - points[i - 1].Steps);
            bool real = points[i - 1].Loss - points[i].Loss > Rise * noise;
            if (real && after < 1.5 * Math.Min(0, before))
                start = i;
        }
        return start;
    }

    // What a law can be fitted to; null where that is too little, or rises.
    private static CurvePoint[]? AfterPlateau(IReadOnlyList<CurvePoint> points)
    {
        if (points.Count < LeastPoints)
            return null;
        double noise = Math.Max(LeastNoise, Roughness(points));
        int start = SteepestFall(points, noise);
        return points.Count - start < LeastPoints || points[^1].Loss > points.Min(p => p.Loss) + (Rise * noise) ? null : [.. points.Skip(start)];
    }

    private static LossForecast Fitted(CurvePoint[] points, IReadOnlyList<CurvePoint[]> others, double steps)
    {
        double longest = others.Append(points).Max(curve => curve[^1].Steps);
        (List<CurveFit> fits, double variance) = Fits(points, longest, steps);
        double[] log = [.. Likelihood(fits, variance).Zip(fits, (l, fit) => l + Prior(fit.Exponent))];
        foreach (CurvePoint[] other in others)
        {
            (List<CurveFit> theirs, double theirVariance) = Fits(other, longest, Math.Max(steps, other[^1].Steps));
            double[] more = Likelihood(theirs, theirVariance);
            for (int i = 0; i < log.Length; i++)
                log[i] += Math.Max(-MostSay, more[i]);
        }

        double most = log.Max(), freedom = Math.Max(1, points.Length - Parameters);
        double[] likelihood = [.. log.Select(l => Math.Exp(l - most))];
        double total = likelihood.Sum();
        double mean = fits.Zip(likelihood, (fit, l) => l * fit.End).Sum() / total;
        double spread = fits.Zip(likelihood, (fit, l) => l * (((fit.End - mean) * (fit.End - mean)) + (fit.EndVariance * variance))).Sum() / total;
        // Few degrees of freedom make a variance uncertain itself: about Student's t against the normal law.
        double law = LawError * mean * Math.Log((steps + 1) / (points[^1].Steps + 1));
        double half = LossForecast.Quantile * Math.Sqrt(((spread + variance) * Math.Pow(1 + (1.5 / freedom), 2)) + (law * law));
        return new LossForecast(mean, Math.Max(0, mean - half), mean + half, ForecastBasis.PowerLaw);
    }

    private static (List<CurveFit> Fits, double Variance) Fits(CurvePoint[] points, double longest, double steps)
    {
        double[] weights = [.. points.Select(_ => 1.0)];
        List<CurveFit> fits = [];
        for (int round = 0; round <= Reweightings; round++)
        {
            fits = CurveFit.OverGrid(points, weights, longest, steps);
            CurveFit best = fits.MinBy(fit => fit.Residual)!;
            double[] off = [.. points.Select(p => Math.Abs(best.At(p.Steps) - p.Loss))];
            double scale = Math.Max(LeastNoise, off.Order().ElementAt(off.Length / 2) / 0.6745);
            for (int i = 0; i < off.Length; i++)
                weights[i] = off[i] <= 1.345 * scale ? 1 : 1.345 * scale / off[i];
        }

        double least = Math.Max(LeastNoise, Misfit * points[^1].Loss);
        double variance = Math.Max(least * least, fits.Min(fit => fit.Residual) / Math.Max(1, points.Length - Parameters));
        return (fits, variance);
    }

    private static double Prior(double exponent)
    {
        double off = Math.Log(Math.Max(exponent, LowestExponent) / LikelyExponent) / ExponentSpread;
        return -off * off / 2;
    }

    // Logarithms, of the grid's laws.
    private static double[] Likelihood(List<CurveFit> fits, double variance)
    {
        double smallest = fits.Min(fit => fit.Residual);
        return [.. fits.Select(fit => (smallest - fit.Residual) / (2 * variance))];
    }
}
