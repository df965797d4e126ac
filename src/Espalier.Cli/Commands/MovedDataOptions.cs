using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Tasks;
using Espalier.Training.Finetuning;

namespace Espalier.Cli.Commands;

/// <summary>Where the data of a finetuning run lies now, for commands that go on from its model.</summary>
internal sealed class MovedDataOptions
{
    private readonly Option<string?> _train = new("--train") { Description = "Where the training data of a finetuning run lies now, if it was moved: the same file or folder" };
    private readonly Option<string?> _dev = new("--dev") { Description = "The same of its development data, where that was a file by itself" };

    public IEnumerable<Option> All => [_train, _dev];

    /// <summary>The options that were given, as they have to be given again.</summary>
    public string Given(ParseResult parsed)
        => string.Concat(((Option<string?>[])[_train, _dev]).Where(o => parsed.GetValue(o) != null).Select(o => $" {o.Name} {parsed.GetValue(o)}"));

    /// <summary>Opens the task of a grid with its data where it is said to lie.</summary>
    public Func<GridConfiguration, ICompressionTask> Opening(ParseResult parsed, CommandContext context)
    {
        string? train = parsed.GetValue(_train), dev = parsed.GetValue(_dev);
        Func<FinetuningConfiguration, FinetuningConfiguration>? moved = train == null && dev == null ? null
            : c => c with { Train = train ?? c.Train, Development = dev ?? c.Development };
        return configuration => CompressionTask.Open(configuration, context.Cancel, moved);
    }
}
