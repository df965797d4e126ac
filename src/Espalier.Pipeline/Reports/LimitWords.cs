using System.Globalization;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;

namespace Espalier.Pipeline.Reports;

/// <summary>A limit that is missed in words, and what would have to give.</summary>
public static class LimitWords
{
    /// <summary>Such as "an example takes 5.10 ms, 5.00 ms are allowed: raise --max-latency by 0.10 ms".</summary>
    public static string Of(LimitExcess e) => e.Measure switch
    {
        Measure.Bytes => Text($"the package takes {e.Value / 1e6:F3} MB, {e.Limit / 1e6:F3} MB are allowed: raise --max-size by {(e.Value - e.Limit) / 1e6:F3} MB, or take a smaller --vocabulary"),
        Measure.Latency => Text($"an example takes {1e3 * e.Value:F2} ms, {1e3 * e.Limit:F2} ms are allowed: raise --max-latency by {1e3 * (e.Value - e.Limit):F2} ms"),
        _ => Text($"{100 * e.Value:F2} points are lost by compression, {100 * e.Limit:F2} are allowed: raise --max-drop by {100 * (e.Value - e.Limit):F2}, or give more time"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
