using System.Globalization;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;

namespace Espalier.Pipeline.Reports;

/// <summary>A limit that is missed in words, and what would have to give.</summary>
public static class LimitWords
{
    // Fewer where these show what is missing to a tenth of it.
    private const int MostDecimals = 9;

    /// <summary>Such as "an example takes 5.10 ms, 5.00 ms are allowed: raise --max-latency by 0.10 ms". Who raises a limit by what it says has
    /// raised it enough.</summary>
    /// <param name="e">The limit.</param>
    /// <param name="metric">What quality is measured by.</param>
    public static string Of(LimitExcess e, QualityMetric metric)
    {
        (string has, string allowed, string missing) = e.Measure switch
        {
            Measure.Bytes => (Text($"{e.Value:N0}"), Text($"{e.Limit:N0}"), Text($"{Math.Ceiling(e.Value - e.Limit):N0}")),
            Measure.Latency => Figures(1e3 * e.Value, 1e3 * e.Limit),
            _ => Figures(100 * e.Value, 100 * e.Limit),
        };
        return e.Measure switch
        {
            Measure.Bytes => $"the package takes {has} bytes, {allowed} are allowed: raise --max-size by {missing} bytes",
            Measure.Latency => $"{(metric == QualityMetric.Bleu ? "a sentence" : "an example")} takes {has} ms, {allowed} ms are allowed: raise --max-latency by {missing} ms",
            _ => $"compression loses {has} points of {metric.Name()}, {allowed} are allowed: raise --max-drop by {missing}",
        };
    }

    /// <summary>The same of a job, which has other ways out too.</summary>
    public static string OfJob(LimitExcess e, QualityMetric metric) => Of(e, metric) + e.Measure switch
    {
        Measure.Bytes => ", or take a smaller --vocabulary",
        Measure.Quality => ", or give more time",
        _ => "",
    };

    // In as many decimals as tell them apart, what is missing rounded up.
    private static (string Has, string Allowed, string Missing) Figures(double value, double limit)
    {
        double missing = value - limit;
        int decimals = 2;
        while (decimals < MostDecimals && Up(decimals) > 1.1 * missing)
        {
            decimals++;
        }

        return (Shown(value), Shown(limit), Shown(Up(decimals)));

        double Up(int digits) => Math.Ceiling(Math.Round(missing * Math.Pow(10, digits), MostDecimals - digits)) / Math.Pow(10, digits);

        string Shown(double v) => v.ToString($"F{decimals}", CultureInfo.InvariantCulture);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
