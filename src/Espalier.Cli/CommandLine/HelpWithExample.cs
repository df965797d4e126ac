using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Espalier.Cli.CommandLine;

/// <summary>The parser's help, and after it the example of a command that has one.</summary>
/// <param name="help">The parser's.</param>
internal sealed class HelpWithExample(HelpAction help) : SynchronousCommandLineAction
{
    // As with the parser's own: who asks for help need not have given what is required.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int code = help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is EspalierCommand { Example: { } example })
            parseResult.InvocationConfiguration.Output.Write($"Example:\n  {example.ReplaceLineEndings("\n  ")}\n\n");
        return code;
    }

    /// <summary>Puts it in the place of the tool's help.</summary>
    public static RootCommand Install(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
            option.Action = new HelpWithExample((HelpAction)option.Action!);
        return root;
    }
}
