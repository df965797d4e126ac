using System.CommandLine;
using System.Globalization;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Choice;

namespace Espalier.Cli.Commands;

/// <summary>What a model must keep to where it is used.</summary>
internal sealed class LimitOptions
{
    private readonly Option<string?> _size = new("--max-size") { Description = "Most bytes on disk, such as 2MB" };
    private readonly Option<string?> _latency = new("--max-latency") { Description = "Longest time for one example, or sentence, by itself, such as 5ms" };
    private readonly Option<string?> _drop = new("--max-drop") { Description = "Most accuracy, or BLEU, that may be lost, in points of a hundred, such as 1%" };

    public IEnumerable<Option> All => [_size, _latency, _drop];

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public DeploymentLimits Read(ParseResult parsed) => new(
        parsed.GetValue(_size) is { } size ? Quantities.Bytes(size) : null,
        parsed.GetValue(_latency) is { } latency ? Quantities.Time(latency) : null,
        parsed.GetValue(_drop) is { } drop ? Percent(drop) : null);

    private static double Percent(string text) =>
        text.EndsWith('%') && double.TryParse(text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double points) && points <= 100
            ? points / 100
            : throw new UsageException($"'{text}' is no drop in accuracy or BLEU; write it in points of a hundred, as 1% or 0.5%");
}
