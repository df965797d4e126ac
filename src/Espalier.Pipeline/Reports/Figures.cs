using System.Globalization;
using static System.FormattableString;

namespace Espalier.Pipeline.Reports;

/// <summary>Numbers as the report writes them; what is not known is a dash.</summary>
internal static class Figures
{
    public const string None = "–";

    // No line ends between a number and its unit.
    private const string Space = "\u00A0";

    public static string Count(long? value) => value is { } v ? Invariant($"{v:N0}") : None;

    public static string Percent(double? part) => part is { } p && double.IsFinite(p) ? Invariant($"{100 * p:F2}{Space}%") : None;

    public static string Loss(double? nats) => nats is { } n && double.IsFinite(n) ? Invariant($"{n:F3}") : None;

    public static string Decimal(double? value, int digits) => value is { } v && double.IsFinite(v) ? v.ToString($"F{digits}", CultureInfo.InvariantCulture) : None;

    /// <summary>Part of a whole without needless digits: <c>60 %</c>.</summary>
    public static string Part(double part) => Invariant($"{Math.Round(100 * part, 2):0.##}{Space}%");

    public static string Precise(double? value)
        => value is { } v && double.IsFinite(v) ? v == 0 ? "0" : Math.Abs(v) is >= 1e-3 and < 1e5 ? Invariant($"{v:G4}").Replace('-', '−') : Exponent(v) : None;

    /// <summary>A number as a power of ten: <c>6.86 × 10¹⁴</c>.</summary>
    public static string Exponent(double value)
    {
        if (!double.IsFinite(value) || value == 0)
        {
            return None;
        }

        int power = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        string raised = string.Concat($"{Math.Abs(power)}".Select(digit => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit - '0']));
        return Invariant($"{value / Math.Pow(10, power):F2}{Space}×{Space}10{(power < 0 ? "⁻" : "")}{raised}").Replace('-', '−');
    }

    public static string Bytes(double? bytes) => bytes switch
    {
        null => None,
        >= 1e9 => Invariant($"{bytes / 1e9:F2}{Space}GB"),
        >= 1e6 => Invariant($"{bytes / 1e6:F2}{Space}MB"),
        >= 1e3 => Invariant($"{bytes / 1e3:F1}{Space}kB"),
        _ => Invariant($"{bytes:F0}{Space}B"),
    };

    public static string Seconds(double? seconds) => seconds switch
    {
        null or double.NaN => None,
        >= 3600 => Invariant($"{Math.Floor(seconds.Value / 3600):F0}{Space}h{Space}{Math.Floor(seconds.Value % 3600 / 60):00}{Space}min"),
        >= 60 => Invariant($"{Math.Floor(seconds.Value / 60):F0}{Space}min") + (seconds % 60 < 1 ? "" : Invariant($"{Space}{Math.Floor(seconds.Value % 60):00}{Space}s")),
        >= 1 => Invariant($"{seconds:F1}{Space}s"),
        0 => $"0{Space}s",
        _ => Digits(1e3 * seconds.Value) + Space + "ms",
    };

    /// <summary>A large number in three digits: <c>3.41 M</c>.</summary>
    public static string Short(double? value) => value switch
    {
        null => None,
        >= 1e12 => Digits(value.Value / 1e12) + Space + "T",
        >= 1e9 => Digits(value.Value / 1e9) + Space + "G",
        >= 1e6 => Digits(value.Value / 1e6) + Space + "M",
        >= 1e4 => Digits(value.Value / 1e3) + Space + "k",
        _ => Invariant($"{value:F0}"),
    };

    /// <summary>How far a value is from what was expected: <c>+1.2 %</c>.</summary>
    public static string Deviation(double? actual, double expected)
        => actual is { } a && expected != 0 ? Invariant($"{100 * (a - expected) / expected:+0.0;−0.0;±0.0}{Space}%") : None;

    // Three of them, those at the end too, so that columns stand even.
    private static string Digits(double value) => value >= 99.95 ? Invariant($"{value:F0}") : value >= 9.995 ? Invariant($"{value:F1}") : Invariant($"{value:F2}");
}
