using System.CommandLine;
using System.CommandLine.Parsing;

namespace Espalier.Cli.CommandLine;

/// <summary>What the values of options must be. The parser checks it, so that a value of a recipe is reported with its line.</summary>
internal static class OptionChecks
{
    /// <summary>Requires something of the value.</summary>
    public static Option<T> Expect<T>(this Option<T> option, Func<T, bool> holds, string expected)
    {
        option.Validators.Add(result => Check(result, (T value) => holds(value), expected));
        return option;
    }

    /// <summary>Requires something of each of the values.</summary>
    public static Option<T[]> ExpectEach<T>(this Option<T[]> option, Func<T, bool> holds, string expected)
    {
        option.Validators.Add(result => Check(result, (T[] values) => values.All(holds), expected));
        return option;
    }

    /// <summary>Requires that the value can be read.</summary>
    /// <param name="option">The option.</param>
    /// <param name="read">Reads it; a <see cref="UsageException"/> says what is wrong.</param>
    public static Option<T> ExpectReadable<T>(this Option<T> option, Action<string> read)
    {
        option.Validators.Add(result =>
        {
            try
            {
                foreach (Token token in result.Tokens)
                    read(token.Value);
            }
            catch (UsageException fault)
            {
                result.AddError($"{option.Name}: {fault.Message}");
            }
        });
        return option;
    }

    private static void Check<T>(OptionResult result, Func<T, bool> holds, string expected)
    {
        // A value of another type is the parser's to report.
        if (result.Implicit || result.Tokens.Count == 0 || result.Errors.Any() || Value<T>(result) is not { } value || holds(value))
            return;
        result.AddError($"{result.Option.Name} is {string.Join(" ", result.Tokens.Select(t => t.Value))}; expected {expected}");
    }

    private static T? Value<T>(OptionResult result)
    {
        try
        {
            return result.GetValueOrDefault<T>();
        }
        catch (InvalidOperationException)
        {
            return default;
        }
    }
}
