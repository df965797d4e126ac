using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Grids;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier prune</c>: a trained model in, one with fewer weights out. A grid of one cell, so that it can be killed and resumed.</summary>
internal sealed class PruneCommand : EspalierCommand
{
    private readonly Argument<string?> _model = new("run") { Description = "A finetuning or translation run, whose best model is pruned", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _out = new("--out") { Description = "Folder to create; the pruned model is in its model/" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder to go on with" };
    private readonly Option<double> _sparsity = Fraction("--sparsity", 0.0, "Fraction to prune of the weights of matrices, such as 0.6 or 60%; of embeddings, norms and biases too only with --prune-embeddings and --prune-norms");
    private readonly PruningOptions _pruning = new();
    private readonly MovedDataOptions _data = new();
    private readonly Option<int> _threads = Threads();

    public PruneCommand(Terminal terminal)
        : base(terminal, "prune", "Take the smallest weights, or whole heads and feed-forward units, out of a classifier or a model that translates, and finetune what stays")
    {
        Arguments.Add(_model);
        foreach (Option option in (Option[])[_out, _resume, Recipe.Option, _sparsity, .. _pruning.All, .. _data.All, _threads])
            Options.Add(option);
    }

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        using CompressionGrid grid = Open(parsed, context);
        GridCommand.Run(grid, context, "prune", _data.Given(parsed));
    }

    private CompressionGrid Open(ParseResult parsed, CommandContext context)
    {
        if (parsed.GetValue(_resume) is { } resumed)
        {
            string[] given = [.. ((IEnumerable<Option>)[_out, _sparsity, .. _pruning.All, _threads]).Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (parsed.GetValue(_model) is { } named)
                given = [named, .. given];
            if (given.Length > 0)
                throw new UsageException($"what is resumed keeps its settings; go on without {string.Join(", ", given)}");
            CompressionGrid grid = CompressionGrid.Resume(resumed, context.Cancel, _data.Opening(parsed, context));
            if (grid.Count == 1)
                return grid;
            grid.Dispose();
            throw new UsageException($"{resumed} is a grid of several models; go on with: espalier compress --resume {resumed}");
        }
        if (parsed.GetValue(_model) is not { } model || parsed.GetValue(_out) is not { } folder)
            throw new UsageException("name a finetuning or translation run, and a folder with --out, or with --resume a folder to go on with");
        GridConfiguration configuration = _pruning.Read(parsed, new GridConfiguration
        {
            Model = model,
            Sparsities = [parsed.GetValue(_sparsity)],
            Bits = [GridConfiguration.FullPrecision],
            Threads = parsed.GetValue(_threads),
        });
        if (configuration is { Sparsities: [0], Heads: null, FeedForward: null })
            throw new UsageException("say what goes: --sparsity 0.6 for 60 % of the weights, --heads or --feed-forward for how many stay");
        GridCommand.ThrowIfTaken(folder);
        return context.Begin("measuring", _ => CompressionGrid.Create(folder, configuration, context.Cancel, _data.Opening(parsed, context)));
    }
}
