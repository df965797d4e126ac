using System.CommandLine;
using System.Text.RegularExpressions;

namespace Espalier.Cli.CommandLine;

/// <summary>Names options where a message of the libraries names a setting as its code does: <c>Heads</c> becomes <c>--heads</c>.</summary>
internal static partial class OptionNames
{
    /// <summary>A message in terms of a command's options.</summary>
    public static string In(string message, Command command)
    {
        HashSet<string> known = [.. command.Options.SelectMany(UnknownOptions.Names)];
        return Setting().Replace(message, word => known.TryGetValue(Name(word.Value), out string? option) ? option : word.Value);
    }

    private static string Name(string setting) => "--" + Hump().Replace(setting, "-$0").ToLowerInvariant();

    // Not where it is a part of a path or of a file's name.
    [GeneratedRegex(@"(?<![\w/\\.\-])[A-Z][a-z]+(?:[A-Z][a-z]+)*(?![\w/\\\-]|\.\w)")]
    private static partial Regex Setting();

    [GeneratedRegex("(?<=[a-z])[A-Z]")]
    private static partial Regex Hump();
}
