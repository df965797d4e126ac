using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Recovery;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>How weights are quantized.</summary>
internal sealed class QuantizationOptions
{
    private static readonly QuantizationSettings Defaults = new();

    private readonly Option<ScaleGranularity> _granularity = New("--granularity", Defaults.Granularity, "What shares a range: a tensor as in the paper, a row, or a group of columns of a row. At 4 bits and fewer Row with LeastSquares loses much less, for a few bytes more");
    private readonly Option<int> _groupSize = New("--group-size", Defaults.GroupSize, "Columns of a group, for --granularity Group: 32, 64 or 128");
    private readonly Option<RangeRule> _range = New("--range", Defaults.Range, "MinMax as in the paper, or LeastSquares, whose error is smaller");
    private readonly Option<string[]> _keep = List<string>("--keep", [], "Tensors that are not quantized, by name, with * for any part of it");

    public IEnumerable<Option> All => [_granularity, _groupSize, _range, _keep];

    /// <summary>Whether it is said how ranges are made, so that nothing else is to be tried.</summary>
    public bool SaysHow(ParseResult parsed) => Given(parsed, _granularity) || Given(parsed, _range);

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">It cannot be meant.</exception>
    public QuantizationSettings Read(ParseResult parsed)
    {
        ScaleGranularity granularity = parsed.GetValue(_granularity);
        return Given(parsed, _groupSize) && granularity != ScaleGranularity.Group
            ? throw new UsageException($"--group-size is for --granularity Group, and it is {granularity}; give both, or neither")
            : new QuantizationSettings
            {
                Granularity = granularity,
                GroupSize = parsed.GetValue(_groupSize),
                Range = parsed.GetValue(_range),
                Keep = parsed.GetValue(_keep)!,
            };
    }

    /// <summary>The same for a package of a given size: what is not said is rows, and the range of least squared error.</summary>
    /// <exception cref="UsageException">It cannot be meant.</exception>
    public QuantizationSettings ReadForSize(ParseResult parsed)
    {
        QuantizationSettings settings = Read(parsed);
        return settings with
        {
            Granularity = Given(parsed, _granularity) ? settings.Granularity : ScaleGranularity.Row,
            Range = Given(parsed, _range) ? settings.Range : RangeRule.LeastSquares,
        };
    }

    private static bool Given(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };
}

/// <summary>How weights are pruned, and models finetuned after it.</summary>
internal sealed class PruningOptions
{
    private static readonly PruningSettings Pruning = new();
    private static readonly RecoverySettings Recovery = new();

    private readonly Option<PruningRanking> _ranking = New("--ranking", Pruning.Ranking, "Prune the smallest weights of the whole model, or the same fraction of each matrix");
    private readonly Option<bool> _embeddings = new("--prune-embeddings") { Description = "Prune embeddings too; else matrices alone are pruned, and fractions are fractions of them" };
    private readonly Option<bool> _norms = new("--prune-norms") { Description = "Prune layer norms and biases too; the same" };
    private readonly Option<double> _step = New("--step", Pruning.Step, "Fraction of the prunable weights to prune at a time; finetuning follows each step");
    private readonly Option<int?> _heads = new("--heads") { Description = "Attention heads that each layer keeps; the others are taken out, and the matrices are smaller" };
    private readonly Option<int?> _feedForward = new("--feed-forward") { Description = "Feed-forward units that each layer keeps; the others are taken out" };
    private readonly Option<double> _enough = New("--enough", Recovery.EnoughQuality, "Finetuning after a step ends at this fraction of the accuracy, or BLEU, before pruning").Expect(v => v is >= 0 and <= 1, "0 to 1, such as 0.995");
    private readonly Option<double> _epochs = New("--recovery-epochs", Recovery.Epochs, "Most epochs of that finetuning; 0 for none");
    private readonly Option<double> _evaluations = New("--evaluations", Recovery.EvaluationsPerEpoch, "Evaluations in an epoch of that finetuning");
    private readonly Option<double?> _rate = new("--learning-rate") { Description = "Highest learning rate of that finetuning; the model's own when left out" };
    private readonly Option<ulong> _seed = New("--seed", Recovery.Seed, "Seed of the order and dropout of that finetuning");

    public IEnumerable<Option> All => [_ranking, _embeddings, _norms, _step, _heads, _feedForward, _enough, _epochs, _evaluations, _rate, _seed];

    /// <summary>A grid with what is said of pruning and of the finetuning after it.</summary>
    public GridConfiguration Read(ParseResult parsed, GridConfiguration grid) => grid with
    {
        Pruning = new PruningSettings
        {
            Ranking = parsed.GetValue(_ranking),
            Embeddings = parsed.GetValue(_embeddings),
            Norms = parsed.GetValue(_norms),
            Step = parsed.GetValue(_step),
        },
        Heads = parsed.GetValue(_heads),
        FeedForward = parsed.GetValue(_feedForward),
        Recovery = new RecoverySettings
        {
            EnoughQuality = parsed.GetValue(_enough),
            Epochs = parsed.GetValue(_epochs),
            EvaluationsPerEpoch = parsed.GetValue(_evaluations),
            LearningRate = parsed.GetValue(_rate),
            Seed = parsed.GetValue(_seed),
        },
    };
}
