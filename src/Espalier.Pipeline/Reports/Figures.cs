using System.Globalization;

namespace Espalier.Pipeline.Reports;

/// <summary>Numbers as the report writes them; what is not known is a dash.</summary>
internal static class Figures
{
    public const string None = "–";

    // No line ends between a number and its unit.
    private const string Space = "\u00A0";

    public static string Count(long? value) => value is { } v ? Text($"{v:N0}") : None;

    public static string Percent(double? part) => part is { } p && double.IsFinite(p) ? Text($"{100 * p:F2}{Space}%") : None;

    public static string Loss(double? nats) => nats is { } n && double.IsFinite(n) ? Text($"{n:F3}") : None;

    public static string Decimal(double? value, int digits) => value is { } v && double.IsFinite(v) ? v.ToString($"F{digits}", CultureInfo.InvariantCulture) : None;

    public static string Precise(double? value) => value is { } v && double.IsFinite(v) ? Text($"{v:G4}") : None;

    public static string Bytes(double? bytes) => bytes switch
    {
        null => None,
        >= 1e9 => Text($"{bytes / 1e9:F2}{Space}GB"),
        >= 1e6 => Text($"{bytes / 1e6:F2}{Space}MB"),
        >= 1e3 => Text($"{bytes / 1e3:F1}{Space}kB"),
        _ => Text($"{bytes:F0}{Space}B"),
    };

    public static string Seconds(double? seconds) => seconds switch
    {
        null or double.NaN => None,
        >= 3600 => Text($"{Math.Floor(seconds.Value / 3600):F0}{Space}h{Space}{Math.Floor(seconds.Value % 3600 / 60):00}{Space}min"),
        >= 60 => Text($"{Math.Floor(seconds.Value / 60):F0}{Space}min{Space}{Math.Floor(seconds.Value % 60):00}{Space}s"),
        >= 1 => Text($"{seconds:F1}{Space}s"),
        0 => $"0{Space}s",
        _ => Text($"{1e3 * seconds:G3}{Space}ms"),
    };

    /// <summary>A large number in three digits: <c>3.41 M</c>.</summary>
    public static string Short(double? value) => value switch
    {
        null => None,
        >= 1e12 => Text($"{value / 1e12:G3}{Space}T"),
        >= 1e9 => Text($"{value / 1e9:G3}{Space}G"),
        >= 1e6 => Text($"{value / 1e6:G3}{Space}M"),
        >= 1e4 => Text($"{value / 1e3:G3}{Space}k"),
        _ => Text($"{value:F0}"),
    };

    /// <summary>How far a value is from what was expected: <c>+1.2 %</c>.</summary>
    public static string Deviation(double? actual, double expected)
        => actual is { } a && expected != 0 ? Text($"{100 * (a - expected) / expected:+0.0;−0.0;±0.0}{Space}%") : None;

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
