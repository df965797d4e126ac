using System.CommandLine;
using System.Text;
using Espalier.Cli.Commands;
using Espalier.Compression;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Inference;
using Espalier.Text;
using Espalier.Training.MicroBatches;
using Espalier.Training.Runs;

namespace Espalier.Cli.CommandLine;

/// <summary>The whole tool as one object: parses, runs the command, and turns every outcome into an exit code.</summary>
internal sealed class Application(Terminal terminal)
{
    public static readonly Option<bool> Json = new("--json")
    {
        Description = "Print one JSON document on standard output; all else goes to standard error",
        Recursive = true,
    };

    public static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show the stack trace of an error",
        Recursive = true,
    };

    /// <summary>The tool with all its commands.</summary>
    public static RootCommand Root(Terminal terminal) => HelpWithExample.Install(
        new("Make small Transformers within a time and a size: train, compress, package. Begin with: espalier run")
        {
            Json,
            Verbose,
            new RunCommand(terminal),
            new PredictCommand(terminal),
            new DoctorCommand(terminal),
            new DataCommand(terminal),
            new TokenizerCommand(terminal),
            new PlanCommand(terminal),
            new PretrainCommand(terminal),
            new FinetuneCommand(terminal),
            new EvaluateCommand(terminal),
            new CompressCommand(terminal),
            new PruneCommand(terminal),
            new QuantizeCommand(terminal),
            new TranslationCommand(terminal),
            new RunsCommand(terminal),
            new ReportCommand(terminal),
            new ReferenceCommand(terminal),
        });

    public async Task<int> RunAsync(IReadOnlyList<string> args)
    {
        RootCommand root = Root(terminal);
        ParseResult? parsed = null;
        try
        {
            parsed = root.Parse(Recipe.Expand(root, args));
            return await InvokeAsync(parsed);
        }
        catch (OperationCanceledException)
        {
            terminal.Error.WriteLine("interrupted");
            return ExitCode.Interrupted;
        }
        catch (ConfigurationException fault)
        {
            terminal.Error.WriteLine($"error: {(parsed == null ? fault.Message : OptionNames.In(fault.Message, parsed.CommandResult.Command))}");
            return ExitCode.WrongUsage;
        }
        catch (Exception fault) when (fault is UsageException or UnfitSettingException || (fault is TextException && parsed == null))
        {
            terminal.Error.WriteLine($"error: {fault.Message}");
            return ExitCode.WrongUsage;
        }
        catch (Exception fault)
        {
            return Failed(fault, verbose: parsed?.GetValue(Verbose) ?? args.Contains(Verbose.Name));
        }
    }

    private async Task<int> InvokeAsync(ParseResult parsed)
    {
        string[] faults = [.. UnknownOptions.In(parsed), .. parsed.Errors.Select(error => error.Message)];
        if (faults.Length > 0)
        {
            foreach (string fault in faults.Distinct())
                terminal.Error.WriteLine($"error: {fault}");
            terminal.Error.WriteLine($"See: {UnknownOptions.PathOf(parsed.CommandResult)} --help");
            return ExitCode.WrongUsage;
        }
        using var help = new StreamWriter(terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = help,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeToStop(parsed.CommandResult.Command),
        });
    }

    /// <summary>How long a command has to end once it is told to, before its process is ended.</summary>
    internal static TimeSpan TimeToStop(Command command) =>
        command is EspalierCommand { SavesWhenStopped: true } ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(30);

    private int Failed(Exception fault, bool verbose)
    {
        bool forPeople = fault is TextException or RunException or InferenceException or MicroBatchException or SafetensorsException or CompressionException
            or IOException or UnauthorizedAccessException;
        terminal.Error.WriteLine(forPeople ? $"error: {fault.Message}" : $"error: {fault.Message} ({fault.GetType().Name}; this is a fault of espalier)");
        if (verbose)
            terminal.Error.WriteLine(fault);
        else if (!forPeople)
            terminal.Error.WriteLine("Run it again with --verbose to see where it happened.");
        return ExitCode.Failed;
    }
}
