using System.CommandLine;

namespace Espalier.Cli.CommandLine;

/// <summary>A command that does something. A derived class adds its options and says what happens.</summary>
internal abstract class EspalierCommand : Command
{
    /// <param name="terminal">Input and output.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does, without a full stop.</param>
    /// <param name="example">A command line that shows it in use, where it takes much to say.</param>
    protected EspalierCommand(Terminal terminal, string name, string description, string? example = null) : base(name, description)
    {
        Example = example;
        // On a thread of its own, so that the signal handler of System.CommandLine can cancel and wait for it.
        SetAction((parsed, cancel) => Task.Run(() =>
        {
            var context = new CommandContext(terminal, parsed.GetValue(Application.Json), SavesWhenStopped, cancel);
            using CancellationTokenRegistration told = cancel.Register(() =>
            {
                try
                {
                    if (context.Stopping is { } stopping)
                        terminal.Error.WriteLine(stopping);
                }
                catch (IOException)
                {
                    // Whoever cannot be told can still be saved for.
                }
            });
            Execute(parsed, context);
            return ExitCode.Done;
        }, cancel));
    }

    /// <summary>A command line that shows it in use.</summary>
    public string? Example { get; }

    /// <summary>Whether it saves when it is stopped: then it is waited for, however long that takes.</summary>
    public virtual bool SavesWhenStopped => false;

    /// <summary>Does the work. Failure is an exception; returning means done.</summary>
    protected abstract void Execute(ParseResult parsed, CommandContext context);
}
