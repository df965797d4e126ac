using System.CommandLine;
using System.CommandLine.Parsing;

namespace Espalier.Cli.CommandLine;

/// <summary>Makes options.</summary>
internal static class NewOption
{
    /// <summary>One with a default.</summary>
    public static Option<T> New<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    /// <summary>A whole number that is no less than something.</summary>
    public static Option<int> Number(string name, int value, int least, string description) =>
        New(name, value, description).Expect(v => v >= least, $"{least} or more");

    /// <summary>Several values.</summary>
    public static Option<T[]> List<T>(string name, IReadOnlyList<T> values, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. values] };

    /// <summary>A fraction, which may be written in hundredths.</summary>
    public static Option<double> Fraction(string name, double value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value, CustomParser = result => Fractions(result) is [var fraction, ..] ? fraction : 0 };

    /// <summary>Several of them.</summary>
    public static Option<double[]> Fractions(string name, IReadOnlyList<double> values, string description) =>
        new(name) { Description = description, AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [.. values], CustomParser = Fractions };

    private static double[] Fractions(ArgumentResult result)
    {
        try
        {
            return [.. result.Tokens.Select(token => Quantities.Fraction(token.Value))];
        }
        catch (UsageException fault)
        {
            result.AddError($"{(result.Parent as OptionResult)?.Option.Name}: {fault.Message}");
            return [];
        }
    }

    /// <summary><c>--threads</c>.</summary>
    public static Option<int> Threads() =>
        New("--threads", 0, "Worker threads; 0 means every core").Expect(t => t is >= 0 and <= 1024, "0 to 1024");

    /// <summary><c>--memory</c>.</summary>
    public static Option<string?> Memory() => new Option<string?>("--memory")
    {
        Description = "Memory for the model and its activations, such as 4GB; three quarters of the machine's when left out",
    }.ExpectReadable(text => Quantities.Bytes(text));

    /// <summary><c>--vocabulary</c>, which may be written <c>--vocab</c>.</summary>
    public static Option<int> Vocabulary(int value, int least, string description) =>
        new Option<int>("--vocabulary", "--vocab") { Description = description, DefaultValueFactory = _ => value }.Expect(v => v >= least, $"{least} or more");
}
