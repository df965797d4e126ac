using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Espalier.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Espalier.Cli.CommandLine;

/// <summary>
/// A recipe: a YAML file that holds options by their long names, lists where an option takes several values. What stands on
/// the command line overrides it. A few come with the tool, under <c>Recipes/</c>; those of a model also with another size, such as
/// <c>paper-translation-2x128</c>: layers × hidden.
/// </summary>
internal static partial class Recipe
{
    /// <summary>The option of commands for which no recipe comes with the tool.</summary>
    public static readonly RecipeOption Option = new();

    /// <summary>Names of the recipes that come with the tool.</summary>
    public static IEnumerable<string> BuiltIn => typeof(Recipe).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal);

    /// <summary>The text of a recipe that comes with the tool.</summary>
    public static string BuiltInText(string name)
    {
        using var reader = new StreamReader(typeof(Recipe).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }

    /// <summary>The arguments with those of the recipe that they name, if they name one.</summary>
    /// <exception cref="UsageException">A key or value is none of the command's.</exception>
    /// <exception cref="TextException">The file cannot be read, or is no such YAML.</exception>
    public static IReadOnlyList<string> Expand(RootCommand root, IReadOnlyList<string> args)
    {
        ParseResult parsed = root.Parse(args);
        Command command = parsed.CommandResult.Command;
        // Without a value, or with two, it is the parser that says so.
        if (command.Options.OfType<RecipeOption>().SingleOrDefault() is not { } recipe || parsed.GetResult(recipe) is not { } result
            || result.Errors.Any() || parsed.GetValue(recipe) is not { } name)
        {
            return args;
        }
        var known = command.Options.Where(o => o != recipe && !o.Recursive)
            .SelectMany(UnknownOptions.Names, (option, name) => (option, name)).ToDictionary(o => o.name.TrimStart('-'), o => o.option);
        HashSet<string> before = [.. parsed.Errors.Select(e => e.Message)];
        List<string> expanded = [.. args];
        foreach (Entry entry in Read(name, recipe.BuiltIn))
        {
            if (!known.TryGetValue(entry.Key, out Option? option))
                throw new UsageException($"{name}:{entry.Line}: unknown key {entry.Key}; {UnknownOptions.Suggest(entry.Key, known.Keys)}");
            if (parsed.GetResult(option) is { Implicit: false })
                continue;
            string[] added = [.. entry.Values.Select(value => $"{option.Name}={value}")];
            if (root.Parse([.. args, .. added]).Errors.FirstOrDefault(e => !before.Contains(e.Message)) is ParseError fault)
                throw new UsageException($"{name}:{entry.Line}: {fault.Message}");
            expanded.AddRange(added);
        }
        return expanded;
    }

    /// <summary>Whether a recipe that comes with the tool can be had with another size.</summary>
    public static bool HasSize(string name) => BuiltInText(name).Contains("\nhidden:", StringComparison.Ordinal);

    private static List<Entry> Read(string name, IReadOnlyList<string> builtIn)
    {
        if (!File.Exists(name) && Sized().Match(name) is { Success: true } sized
            && builtIn.FirstOrDefault(b => b == sized.Groups["recipe"].Value && HasSize(b)) is { } recipe)
        {
            return [.. Read(recipe, builtIn).Select(e => sized.Groups[e.Key] is { Success: true, Value: var size } ? e with { Values = [size] } : e)];
        }
        using StreamReader reader = Open(name, builtIn);
        var stream = new YamlStream();
        try
        {
            stream.Load(reader);
        }
        catch (YamlException fault)
        {
            throw new TextException($"is no YAML: {fault.Message}", name, fault.Start.Line, fault);
        }
        catch (InvalidOperationException fault)
        {
            // What the scanner throws where a list is not closed.
            throw new TextException("is no YAML; is a bracket or a quote not closed?", name, inner: fault);
        }
        if (stream.Documents.Count == 0)
            return [];
        if (stream.Documents.Count > 1)
            throw new TextException("a second document begins; expected one, without lines of ---", name, stream.Documents[1].RootNode.Start.Line);
        YamlNode root = stream.Documents[0].RootNode;
        if (root is not YamlMappingNode mapping)
            throw new TextException("expected lines such as \"layers: 6\"", name, root.Start.Line);
        return [.. mapping.Select(pair => new Entry(
            pair.Key is YamlScalarNode { Value: { } key } ? key : throw new TextException("expected an option's name before the colon", name, pair.Key.Start.Line),
            [.. Values(pair.Value, name)], pair.Key.Start.Line))];
    }

    private static IEnumerable<string> Values(YamlNode node, string name) => node switch
    {
        YamlScalarNode { Value: { Length: > 0 } value } => [value],
        YamlSequenceNode { Children.Count: > 0 } list => list.SelectMany(each => each is YamlScalarNode ? Values(each, name)
            : throw new TextException("expected a plain value in the list", name, each.Start.Line)),
        _ => throw new TextException("expected a value, or a list of values, after the colon", name, node.Start.Line),
    };

    private static StreamReader Open(string name, IReadOnlyList<string> builtIn)
    {
        try
        {
            if (File.Exists(name))
                return new StreamReader(name);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new TextException($"cannot be read: {fault.Message}", name, inner: fault);
        }
        if (builtIn.Contains(name))
            return new StreamReader(typeof(Recipe).Assembly.GetManifestResourceStream(name)!);
        string plain = Sized().Match(name) is { Success: true } sized ? sized.Groups["recipe"].Value : name;
        throw new TextException(
            $"{(builtIn.Contains(plain) ? $"{plain} is of no model's size" : BuiltIn.Contains(plain) ? "is a recipe for another command" : "there is no such recipe")}; name a YAML file"
                + (builtIn.Count == 0 ? "" : $", or one of {string.Join(", ", builtIn)}"), name);
    }

    [GeneratedRegex("^(?<recipe>.+)-(?<layers>[0-9]+)x(?<hidden>[0-9]+)$")]
    private static partial Regex Sized();

    private sealed record Entry(string Key, IReadOnlyList<string> Values, long Line);
}
