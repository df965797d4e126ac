using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier compress</c>: a trained model in, a grid of pruned and quantized packages out, and the one that fits.</summary>
internal sealed class CompressCommand : EspalierCommand
{
    private static readonly GridConfiguration Defaults = new() { Model = "" };

    private readonly Argument<string?> _model = new("run") { Description = "A finetuning or translation run, whose best model is compressed", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _out = new("--out") { Description = "Folder of the grid, to create" };
    private readonly Option<string?> _resume = new("--resume") { Description = "Folder of a grid to go on with" };
    private readonly Option<double[]> _sparsity = Fractions("--sparsity", Defaults.Sparsities, "Fractions to prune of the weights of matrices, such as 0.6 or 60%, one level of the grid each; of embeddings, norms and biases too only with --prune-embeddings and --prune-norms");
    private readonly Option<int[]> _bits = List("--bits", Defaults.Bits, "Bits a weight, one column of the grid each: 2 to 8, or 32 for no quantization");
    private readonly Option<Measure[]> _frontier = List<Measure>("--frontier", [Measure.Bytes, Measure.Quality], $"Two of {string.Join(", ", Enum.GetNames<Measure>())}, whose Pareto frontier is marked");
    private readonly LimitOptions _limits = new();
    private readonly QuantizationOptions _quantization = new();
    private readonly Option<ActivationPrecision> _activations = New("--activations", Defaults.Activations, "Single, or Integer: integer products where a matrix has 5 to 8 bits, is not pruned and has no groups; faster, a little less accurate");
    private readonly PruningOptions _pruning = new();
    private readonly MovedDataOptions _data = new();
    private readonly Option<int> _threads = Threads();

    public CompressCommand(Terminal terminal)
        : base(terminal, "compress", "Prune and quantize a classifier or a model that translates over a grid, measure every cell, and choose the best that fits",
            "espalier compress job/finetune --granularity Row --range LeastSquares --max-size 250kB --out smaller")
    {
        Arguments.Add(_model);
        foreach (Option option in (Option[])[_out, _resume, new RecipeOption("paper-compress"), .. _limits.All, _frontier, .. _data.All, .. Settings])
            Options.Add(option);
    }

    private IEnumerable<Option> Settings => [_sparsity, _bits, .. _quantization.All, _activations, .. _pruning.All, _threads];

    public override bool SavesWhenStopped => true;

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        DeploymentLimits limits = _limits.Read(parsed);
        if (parsed.GetValue(_frontier) is not [var first, var second] || first == second)
            throw new UsageException($"--frontier takes two of {string.Join(", ", Enum.GetNames<Measure>())}");
        if (limits.Validate() is { Count: > 0 } faults)
            throw new UsageException(string.Join("; ", faults));
        using CompressionGrid grid = Open(parsed, context);
        grid.Ask(limits, parsed.GetResult(_frontier) is { Implicit: false } ? [first, second] : null);
        GridCommand.Run(grid, context, "compress", _data.Given(parsed));
    }

    private CompressionGrid Open(ParseResult parsed, CommandContext context)
    {
        string? model = parsed.GetValue(_model), folder = parsed.GetValue(_out);
        if (parsed.GetValue(_resume) is { } resumed)
        {
            string[] given = [.. ((IEnumerable<Option>)[_out, .. Settings]).Where(o => parsed.GetResult(o) is { Implicit: false }).Select(o => o.Name)];
            if (given.Length > 0 || model != null)
                throw new UsageException($"a grid that is resumed keeps its settings; go on without {string.Join(", ", model == null ? given : [model, .. given])} (limits and the frontier may change)");
            return CompressionGrid.Resume(resumed, context.Cancel, _data.Opening(parsed, context));
        }
        if (model == null || folder == null)
            throw new UsageException("name a finetuning or translation run, and the grid's folder with --out, or a grid with --resume");
        GridCommand.ThrowIfTaken(folder);
        GridConfiguration configuration = _pruning.Read(parsed, new GridConfiguration
        {
            Model = model,
            Sparsities = parsed.GetValue(_sparsity)!,
            Bits = parsed.GetValue(_bits)!,
            Quantization = _quantization.Read(parsed),
            Activations = parsed.GetValue(_activations),
            Threads = parsed.GetValue(_threads),
        });
        return context.Begin("measuring", _ => CompressionGrid.Create(folder, configuration, context.Cancel, _data.Opening(parsed, context)));
    }
}
