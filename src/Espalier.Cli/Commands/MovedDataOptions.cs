using System.CommandLine;
using System.CommandLine.Parsing;
using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Tasks;

namespace Espalier.Cli.Commands;

/// <summary>Where the data of a finetuning or translation run lies now, for commands that go on from its model.</summary>
internal sealed class MovedDataOptions
{
    private readonly Option<string?> _train = new("--train") { Description = "Where the training data of a finetuning run lies now, if it was moved: the same file or folder" };
    private readonly Option<string?> _dev = new("--dev") { Description = "The same of its development data, where that was a file by itself" };
    private readonly ParallelOptions _pairs = new();

    public MovedDataOptions()
    {
        foreach (Option option in _pairs.Training)
            option.Description = $"Where that lies now, if it was moved, which a translation run had as {option.Name}";
    }

    public IEnumerable<Option> All => [_train, _dev, .. _pairs.Training];

    /// <summary>The options that were given, as they have to be given again.</summary>
    public string Given(ParseResult parsed) => string.Concat(
        All.Select(o => parsed.GetResult(o)).OfType<OptionResult>().Where(r => !r.Implicit)
            .Select(r => $" {r.Option.Name} {string.Join(' ', r.Tokens.Select(t => t.Value))}"));

    /// <summary>Opens the task of a grid with its data where it is said to lie.</summary>
    public Func<GridConfiguration, ICompressionTask> Opening(ParseResult parsed, CommandContext context)
    {
        string? train = parsed.GetValue(_train), dev = parsed.GetValue(_dev);
        var moved = new MovedData
        {
            Labelled = train == null && dev == null ? null : c => c with { Train = train ?? c.Train, Development = dev ?? c.Development },
            Pairs = _pairs.ReadMoved(parsed),
        };
        return configuration => CompressionTask.Open(configuration, context.Cancel, moved);
    }
}
