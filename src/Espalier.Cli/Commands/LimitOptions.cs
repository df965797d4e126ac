using System.CommandLine;
using System.Globalization;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Choice;

namespace Espalier.Cli.Commands;

/// <summary>What a model must keep to where it is used.</summary>
internal sealed class LimitOptions
{
    private readonly Option<string?> _size = new("--max-size") { Description = "Largest package (the whole folder), such as 250kB or 1MB" };
    private readonly Option<string?> _latency = new("--max-latency") { Description = "Largest median time for one text, or sentence, by itself on this machine, such as 5ms" };
    private readonly Option<string?> _drop = new("--max-drop") { Description = "Most accuracy, or BLEU, that compression may cost, in points, such as 1%. Alone it asks for the smallest package that keeps it; without any limit that is half a point" };

    public IEnumerable<Option> All => [_size, _latency, _drop];

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public DeploymentLimits Read(ParseResult parsed) => new(
        parsed.GetValue(_size) is { } size ? Size(size) : null,
        parsed.GetValue(_latency) is { } latency ? Latency(latency) : null,
        parsed.GetValue(_drop) is { } drop ? Percent(drop) : null);

    /// <summary>The size of a package.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static long Size(string text) => Quantities.Bytes(text, "250kB or 2MB");

    private static TimeSpan Latency(string text) => Quantities.Time(text, "5ms or 0.5s");

    private static double Percent(string text) =>
        text.EndsWith('%') && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double points) && points <= 100
            ? points / 100
            : throw new UsageException($"'{text}' is no drop in accuracy or BLEU; write it in points of a hundred, as 1% or 0.5%");
}
