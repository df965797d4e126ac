using System.CommandLine;

namespace Espalier.Cli.CommandLine;

/// <summary>A command that does something. A derived class adds its options and says what happens.</summary>
internal abstract class EspalierCommand : Command
{
    protected EspalierCommand(Terminal terminal, string name, string description) : base(name, description) =>
        // On a thread of its own, so that the signal handler of System.CommandLine can cancel and wait for it.
        SetAction((parsed, cancel) => Task.Run(() =>
        {
            Execute(parsed, new CommandContext(terminal, parsed.GetValue(Application.Json), cancel));
            return ExitCode.Done;
        }, cancel));

    /// <summary>Does the work. Failure is an exception; returning means done.</summary>
    protected abstract void Execute(ParseResult parsed, CommandContext context);
}
