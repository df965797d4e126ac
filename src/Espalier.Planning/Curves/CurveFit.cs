namespace Espalier.Planning.Curves;

/// <summary>E + A b(s) with b(s) = (s + s₀)^−α, or −ln(s + s₀) where α is 0, solved for E and A.</summary>
/// <param name="Exponent">α.</param>
/// <param name="Shift">s₀.</param>
/// <param name="Floor">E.</param>
/// <param name="Scale">A.</param>
/// <param name="Residual">Weighted sum of squared residuals.</param>
/// <param name="End">The curve at the end of training.</param>
/// <param name="EndVariance">Variance of <paramref name="End"/> for noise of variance 1, α and s₀ given.</param>
internal sealed record CurveFit(
    double Exponent, double Shift, double Floor, double Scale, double Residual, double End, double EndVariance)
{
    private const int Exponents = 24, Shifts = 12;
    private const double LowestExponent = 0.05, HighestExponent = 2;

    public double At(double steps) => Floor + (Scale * Basis(steps, Exponent, Shift));

    /// <summary>A fit for every exponent and shift of the grid, with E and A ≥ 0.</summary>
    /// <param name="points">The curve.</param>
    /// <param name="weights">Of each point.</param>
    /// <param name="longest">Steps of the longest curve, by which the grid of shifts is laid: curves of one grid can be compared.</param>
    /// <param name="end">Steps at the end of training.</param>
    public static List<CurveFit> OverGrid(IReadOnlyList<CurvePoint> points, IReadOnlyList<double> weights, double longest, double end)
    {
        List<CurveFit> fits = [];
        for (int i = -1; i < Exponents; i++)
        {
            double exponent = i < 0 ? 0 : LowestExponent * Math.Pow(HighestExponent / LowestExponent, i / (Exponents - 1.0));
            for (int j = 0; j < Shifts; j++)
            {
                // From near nothing to twice what was trained.
                double shift = 1 + (longest * (j == 0 ? 0 : Math.Pow(2, j + 2 - Shifts)));
                fits.Add(Solve(points, weights, exponent, shift, end));
            }
        }
        return fits;
    }

    private static double Basis(double steps, double exponent, double shift)
        => exponent == 0 ? -Math.Log(steps + shift) : Math.Pow(steps + shift, -exponent);

    private static CurveFit Solve(IReadOnlyList<CurvePoint> points, IReadOnlyList<double> weights, double exponent, double shift, double end)
    {
        double[] basis = [.. points.Select(p => Basis(p.Steps, exponent, shift))];
        double w = weights.Sum(), meanB = 0, meanL = 0, bb = 0, bl = 0;
        for (int i = 0; i < basis.Length; i++)
        {
            meanB += weights[i] * basis[i] / w;
            meanL += weights[i] * points[i].Loss / w;
        }
        for (int i = 0; i < basis.Length; i++)
        {
            double b = basis[i] - meanB;
            bb += weights[i] * b * b;
            bl += weights[i] * b * (points[i].Loss - meanL);
        }
        double scale = bb > 0 ? Math.Max(0, bl / bb) : 0, floor = meanL - (scale * meanB);
        double atEnd = Basis(end, exponent, shift) - meanB;
        double variance = (1 / w) + (bb > 0 ? atEnd * atEnd / bb : 0);
        if (floor < 0 && exponent > 0)
        {
            // The floor stands at its bound: a line through the origin.
            double square = 0, product = 0;
            for (int i = 0; i < basis.Length; i++)
            {
                square += weights[i] * basis[i] * basis[i];
                product += weights[i] * basis[i] * points[i].Loss;
            }
            (floor, scale) = (0, product / square);
            variance = Math.Pow(Basis(end, exponent, shift), 2) / square;
        }
        double residual = 0;
        for (int i = 0; i < basis.Length; i++)
        {
            double off = floor + (scale * basis[i]) - points[i].Loss;
            residual += weights[i] * off * off;
        }
        double value = Math.Max(0, floor + (scale * Basis(end, exponent, shift)));
        return new CurveFit(exponent, shift, floor, scale, residual, value, variance);
    }
}
