using System.CommandLine;
using System.Globalization;

namespace Espalier.Benchmarks;

/// <summary>The options that benchmarks have in common. Their values are checked before anything is measured.</summary>
internal static class BenchmarkOptions
{
    /// <summary>The head size of every model here: hidden sizes are multiples of it.</summary>
    public const int HeadSize = 64;

    public static Option<bool> Json() => new("--json") { Description = "Print an array of rows on standard output, all else on standard error" };

    public static Option<int> Threads()
        => Checked(
            new Option<int>("--threads") { Description = "Threads; 0 means every core", DefaultValueFactory = _ => 0 },
            threads => threads >= 0, "0 or more");

    public static Option<int[]> ThreadCounts()
        => EachChecked(
            new Option<int[]>("--threads")
            {
                Description = "Thread counts, measured one after the other; 0 means every core",
                AllowMultipleArgumentsPerToken = true,
                DefaultValueFactory = _ => [1, 2],
            }, threads => threads >= 0, "0 or more");

    public static Option<double> Seconds(string description, double byDefault)
        => Checked(
            new Option<double>("--seconds") { Description = description, DefaultValueFactory = _ => byDefault },
            seconds => seconds is > 0 and < 86400, "more than 0 and less than a day");

    public static Option<int[]> Sizes(string name, string description, params int[] byDefault)
        => EachChecked(
            new Option<int[]>(name)
            {
                Description = description,
                AllowMultipleArgumentsPerToken = true,
                DefaultValueFactory = _ => byDefault,
            }, size => size is > 0 and <= 65536, "1 to 65,536");

    public static Option<int> Count(string name, string description, int byDefault)
        => Checked(
            new Option<int>(name) { Description = description, DefaultValueFactory = _ => byDefault }, count => count > 0, "1 or more");

    public static Option<string[]> Shapes(params string[] byDefault)
    {
        var option = new Option<string[]>("--shapes")
        {
            Description = $"layers × hidden × sequences of {TrainingStep.Length} tokens, such as {byDefault[0]}",
            DefaultValueFactory = _ => byDefault,
            AllowMultipleArgumentsPerToken = true,
        };
        option.Validators.Add(result =>
        {
            foreach (string shape in result.Tokens.Select(token => token.Value).Where(shape => Fault(shape) != null))
            {
                result.AddError($"--shapes: '{shape}': {Fault(shape)}");
            }
        });
        return option;
    }

    /// <summary>The shapes given; they have been checked.</summary>
    public static (int Layers, int Hidden, int Sequences)[] Read(string[] shapes) => [.. shapes.Select(shape =>
    {
        int[] parts = Parts(shape);
        return (parts[0], parts[1], parts[2]);
    })];

    private static string? Fault(string shape)
    {
        int[] parts = Parts(shape);
        return parts.Length != 3 || !parts.All(part => part > 0) ? "expected layers×hidden×sequences, such as 3x256x32"
            : parts[1] % HeadSize != 0 ? $"hidden {parts[1]}; expected a multiple of {HeadSize}, the size of a head"
            : null;
    }

    private static int[] Parts(string shape) => [.. shape.Split('x', '×').Select(
        part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : 0)];

    private static Option<T> Checked<T>(Option<T> option, Func<T, bool> holds, string expected)
    {
        option.Validators.Add(result =>
        {
            // A value of another type is the parser's to report.
            if (!result.Implicit && !result.Errors.Any() && result.GetValueOrDefault<T>() is { } value && !holds(value))
            {
                result.AddError($"{option.Name} is {string.Join(' ', result.Tokens)}; expected {expected}");
            }
        });
        return option;
    }

    private static Option<int[]> EachChecked(Option<int[]> option, Func<int, bool> holds, string expected)
        => Checked(option, values => values.Length > 0 && values.All(holds), $"each of them {expected}");
}
