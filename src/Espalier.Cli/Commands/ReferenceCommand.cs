using System.CommandLine;
using System.Text;
using Espalier.Cli.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier reference</c>: prints <c>docs/reference.md</c>, the commands with all options and the built-in recipes, as they are.</summary>
internal sealed class ReferenceCommand : EspalierCommand
{
    private const string Conventions = """
        A recipe is a YAML file that holds options by their names without the dashes, lists where an option takes several values;
        `--recipe FILE` reads it, and the command line overrides it. Those that come with the tool stand at the end of this page.

        Times are written `90s`, `30m`, `1h30m`, `2d` or `3ms`; sizes `250kB`, `1MB` or `4GB`, in powers of ten; counts `1000`, `50k` or
        `10M`.

        | exit code | meaning |
        |---|---|
        | 0 | done |
        | 1 | failed, a limit was missed, a model of a grid could not be made, or what is named cannot be used: a damaged file, a run whose budget is used up |
        | 2 | wrong usage: options that mean nothing, contradict one another or are impossible |
        | 130 | interrupted; what can be resumed is saved |

        With `--json` standard output has one JSON document: times in seconds, states such as `finished` in lower case, and nothing for what
        there is nothing to say of. A command that fails may print none; why it failed is on standard error.

        | environment variable | meaning |
        |---|---|
        | `ESPALIER_THREADS` | worker threads where `--threads` is not given; every core when unset |
        | `ESPALIER_KERNELS` | `reference`, `vector128`, `vector256` or `vector512`; the widest that the processor has when unset |


        """;

    private static readonly string[] OfTheParser = ["--help", "--version"];

    public ReferenceCommand(Terminal terminal) : base(terminal, "reference", "Print the reference of all commands and recipes as Markdown")
    {
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using var writer = new StreamWriter(context.Terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        writer.Write(Text((RootCommand)parsed.RootCommandResult.Command));
    }

    /// <summary>The whole page.</summary>
    public static string Text(RootCommand root)
    {
        (string Path, Command Command)[] commands = [.. root.Subcommands.SelectMany(command => Leaves(command, "espalier"))];
        var text = new StringBuilder("# Reference\n\nThis page is made from the commands themselves: `espalier reference > docs/reference.md`.\n\n");
        foreach ((string path, Command command) in commands)
            text.Append($"- [`{path}`](#{path.Replace(' ', '-')}): {command.Description}\n");
        text.Append("\nEvery command also takes these:\n\n");
        Table(text, root.Options.Where(option => option.Recursive));
        text.Append(Conventions);
        foreach ((string path, Command command) in commands)
            Describe(text, path, command);
        text.Append("## Recipes\n\n");
        foreach (string name in Recipe.BuiltIn)
            text.Append($"### {name}\n\n```yaml\n{Recipe.BuiltInText(name).TrimEnd()}\n```\n\n");
        return text.ToString().TrimEnd() + "\n";
    }

    private static IEnumerable<(string Path, Command Command)> Leaves(Command command, string parent)
    {
        string path = $"{parent} {command.Name}";
        return command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(sub => Leaves(sub, path));
    }

    private static void Describe(StringBuilder text, string path, Command command)
    {
        string arguments = string.Concat(command.Arguments.Select(a => a.Arity.MinimumNumberOfValues == 0 ? $" [{a.Name}]" : $" {a.Name}"));
        text.Append($"## {path}\n\n{command.Description}.\n\n```\n{path}{arguments}{(command.Options.Any(Shown) ? " [options]" : "")}\n");
        text.Append(command is EspalierCommand { Example: { } example } ? $"# for example\n{example}\n```\n\n" : "```\n\n");
        if (command.Arguments.Count > 0)
        {
            text.Append("| argument | meaning |\n|---|---|\n");
            foreach (Argument argument in command.Arguments)
                text.Append($"| `{argument.Name}` | {Cell(argument.Description)} |\n");
            text.Append('\n');
        }
        if (command.Options.Any(Shown))
            Table(text, command.Options);
    }

    private static void Table(StringBuilder text, IEnumerable<Option> options)
    {
        text.Append("| option | value | default | meaning |\n|---|---|---|---|\n");
        foreach (Option option in options.Where(Shown))
            text.Append($"| {string.Join(", ", UnknownOptions.Names(option).Select(name => $"`{name}`"))} | {Kind(option)} | {Default(option)} | {Cell(option.Description)} |\n");
        text.Append('\n');
    }

    private static bool Shown(Option option) => !option.Hidden && !OfTheParser.Contains(option.Name);

    private static string Kind(Option option)
    {
        bool several = option.ValueType.IsArray;
        Type type = several ? option.ValueType.GetElementType()! : Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        string kind = type == typeof(bool) ? "" : type.IsEnum ? string.Join(", ", Enum.GetNames(type)) : type == typeof(string) ? "text"
            : type == typeof(float) || type == typeof(double) ? "number" : "whole number";
        return !several ? kind : type.IsEnum ? $"several of {kind}" : $"{kind}, several";
    }

    private static string Default(Option option)
    {
        if (option.Required)
            return "required";
        object? value = option.HasDefaultValue && option.ValueType != typeof(bool) ? option.GetDefaultValue() : null;
        return value switch
        {
            null => "",

            // The page must not depend on where it is made.
            int threads when option.Name == "--threads" && threads == Environment.ProcessorCount => "every core",
            string text => $"`{text}`",
            System.Collections.IEnumerable several => string.Join(" ", several.Cast<object>().Select(each => $"`{Invariant(each)}`")),
            _ => $"`{Invariant(value)}`",
        };
    }

    private static string Invariant(object value) => FormattableString.Invariant($"{value}");

    private static string Cell(string? text) => (text ?? "").Replace("|", "\\|", StringComparison.Ordinal).Replace("\n", " ", StringComparison.Ordinal);
}
