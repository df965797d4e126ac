using System.Globalization;
using Espalier.Training;
using Espalier.Training.Budgets;

namespace Espalier.Cli.CommandLine;

/// <summary>Times and sizes as one types them.</summary>
internal static class Quantities
{
    private static readonly (string Unit, double Seconds)[] Times = [("ms", 1e-3), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)];
    private static readonly (string Unit, double Bytes)[] Sizes = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1)];

    /// <summary>A time such as <c>90s</c>, <c>30m</c>, <c>1h30m</c>.</summary>
    /// <param name="text">The time.</param>
    /// <param name="such">What is meant, for the message.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public static TimeSpan Time(string text, string such = "90s, 30m, 1h30m or 2d")
    {
        double seconds = 0;
        string rest = text.Trim();
        while (rest.Length > 0)
        {
            int digits = rest.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
            int letters = rest.Skip(digits).TakeWhile(char.IsAsciiLetter).Count();
            string unit = rest.Substring(digits, letters);
            double factor = Times.FirstOrDefault(t => t.Unit == unit).Seconds;
            if (factor == 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double value))
                throw new UsageException($"'{text}' is no time; write it as {such}");
            seconds += value * factor;
            rest = rest[(digits + letters)..];
        }
        return seconds is > 0 and < 1e9 ? TimeSpan.FromSeconds(seconds) : throw new UsageException($"'{text}' is no time; write it as {such}");
    }

    /// <summary>A size in bytes such as <c>512MB</c>, <c>4GB</c>.</summary>
    /// <param name="text">The size.</param>
    /// <param name="such">What is meant, for the message.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public static long Bytes(string text, string such = "512MB or 4GB")
    {
        foreach ((string unit, double bytes) in Sizes)
        {
            if (text.Trim().EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.Trim()[..^unit.Length], NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double value)
                && value > 0)
            {
                return (long)(value * bytes);
            }
        }
        throw new UsageException($"'{text}' is no size; write it as {such}");
    }

    /// <summary>A fraction, such as <c>0.6</c>, or in hundredths, <c>60%</c>.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static double Fraction(string text)
    {
        bool hundredths = text.Trim().EndsWith('%');
        return double.TryParse(hundredths ? text.Trim()[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? hundredths ? value / 100 : value
            : throw new UsageException($"'{text}' is no fraction; write it as 0.6 or 60%");
    }

    /// <summary>A number above zero; <c>k</c>, <c>M</c> and <c>G</c> stand for thousands, millions and billions.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static double Number(string text)
    {
        string digits = text.Trim().TrimEnd('k', 'M', 'G');
        double factor = text.Trim()[digits.Length..] switch { "" => 1, "k" => 1e3, "M" => 1e6, "G" => 1e9, _ => 0 };
        return double.TryParse(digits, NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double value) && value * factor > 0
            ? value * factor
            : throw new UsageException($"'{text}' is no number above 0; write it as 1000, 50k or 10M");
    }

    /// <summary>A whole number above zero, written like any other.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static long Whole(string text) =>
        Number(text) is < long.MaxValue and var number && number == Math.Floor(number) ? (long)number
            : throw new UsageException($"'{text}' is no whole number above 0; write it as 1000, 50k or 10M");

    /// <summary>How often something is done: a number of steps such as <c>100</c>, or a time such as <c>5m</c>.</summary>
    /// <exception cref="UsageException">It is neither.</exception>
    public static Interval Interval(string text)
    {
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long steps) && steps > 0)
            return new Interval(Steps: steps);
        try
        {
            return new Interval(Time: Time(text));
        }
        catch (UsageException)
        {
            throw new UsageException($"'{text}' is neither a number of steps, such as 1000, nor a time, such as 5m");
        }
    }

    /// <summary>A time in words short enough for a progress line.</summary>
    public static string Show(TimeSpan time) => BudgetWords.Of(time);
}
