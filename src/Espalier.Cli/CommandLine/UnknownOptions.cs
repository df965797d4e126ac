using System.CommandLine;
using System.CommandLine.Parsing;

namespace Espalier.Cli.CommandLine;

/// <summary>
/// Finds misspelt options. The parser takes an unknown <c>--option</c> for one more file name where a command accepts
/// several, and for one more value of an option that takes several; here it is an error that names the nearest known option.
/// After <c>--</c> anything is a file name.
/// </summary>
internal static class UnknownOptions
{
    public static IEnumerable<string> In(ParseResult parsed)
    {
        var literal = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).ToHashSet(ReferenceEqualityComparer.Instance);
        IEnumerable<string> suspects = parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens)
            .Where(token => !literal.Contains(token)).Select(token => token.Value).Concat(parsed.UnmatchedTokens)
            .Where(value => value.Length > 1 && value[0] == '-')
            .Concat(parsed.CommandResult.Children.OfType<OptionResult>().Where(option => option.Option.AllowMultipleArgumentsPerToken)
                .SelectMany(option => option.Tokens).Select(token => token.Value).Where(value => value.StartsWith("--", StringComparison.Ordinal)))
            .Distinct();
        string[] known = [.. Known(parsed.CommandResult).Distinct()];
        foreach (string suspect in suspects)
        {
            string name = suspect.Split('=')[0];
            yield return $"unknown option {name}; {Suggest(name, known)}";
        }
    }

    /// <summary>Names the nearest known name, or all of them where none is near.</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> known)
    {
        string nearest = known.MinBy(option => Distance(name, option))!;
        return Distance(name, nearest) <= Math.Max(2, name.Length / 3) ? $"did you mean {nearest}?" : $"known are {string.Join(", ", known.Order())}";
    }

    /// <summary>The command as one types it, for example <c>espalier tokenizer train</c>.</summary>
    public static string PathOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{PathOf(parent)} {command.Command.Name}" : "espalier";

    /// <summary>The long names of an option, its own first.</summary>
    public static IEnumerable<string> Names(Option option)
        => option.Aliases.Where(alias => alias.StartsWith("--", StringComparison.Ordinal)).Prepend(option.Name);

    private static IEnumerable<string> Known(CommandResult command)
    {
        IEnumerable<Option> options = command.Command.Options;
        for (var parent = command.Parent as CommandResult; parent is not null; parent = parent.Parent as CommandResult)
            options = options.Concat(parent.Command.Options.Where(option => option.Recursive));
        return options.SelectMany(Names);
    }

    // Levenshtein's edit distance.
    private static int Distance(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
                current[j] = Math.Min(Math.Min(previous[j], current[j - 1]) + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
            previous = current;
        }
        return previous[b.Length];
    }
}
