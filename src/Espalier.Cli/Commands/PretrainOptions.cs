using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Layers;
using Espalier.Text.Batching;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The options that decide a pretraining run, beside its data and its budget.</summary>
internal sealed class PretrainOptions
{
    private readonly Option<string?> _from = new("--from")
    {
        Description = "Continued pretraining: a run or the folder of a masked language model, or of a package of one, to go on from, on text prepared with its tokenizer, or RUN@0.5 for the "
            + "run as it was at half of its budget. Weights and size are that model's, whatever a recipe or the options say; sequences are no longer than it has positions. "
            + "What compression lost of a package stays lost, and what was pruned does not stay pruned",
    };

    private readonly ModelSizeOptions _size = new();
    private readonly TrainerOptions _trainer = new(LearningRateDecay.Linear, decay: 0.01f, evaluate: "5m");
    private readonly Option<WeightSchemeKind> _initialization = New(
        "--initialization", WeightSchemeKind.Neighbours, "How the weights begin; Roberta is the paper's");
    private readonly Option<float> _dropout = New("--dropout", 0.1f, "Dropout of sub-layers, embeddings and attention").Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<int> _batch = Number("--batch", 256, 1, "Sequences of an effective batch");
    private readonly Option<int> _length = Number("--sequence-length", 128, 2, "Tokens of a sequence");
    private readonly Option<double> _maskRate = New("--mask-rate", 0.15, "Share of the tokens to predict").Expect(r => r is > 0 and < 1, "between 0 and 1");
    private readonly Option<double?> _fraction = new Option<double?>("--data-fraction") { Description = "Share of the corpus to train on, drawn by the seed; all when left out. What is held out stays the same" }.Expect(f => f is > 0 and <= 1, "more than 0 and at most 1");
    private readonly Option<int?> _microBatch = new Option<int?>("--micro-batch") { Description = "Sequences that pass through the model at once; measured when left out" }.Expect(b => b >= 1, "1 or more");
    private readonly Option<double?> _rate = new Option<double?>("--learning-rate") { Description = "Highest learning rate; the paper's by batch size (Table 1) when left out; small models want more, see short-mlm" }.Expect(r => r > 0, "more than 0");
    private readonly Option<int> _heldOut = Number("--held-out-blocks", 1024, 0, "Most held-out sequences of an evaluation");
    private readonly Option<int> _keep = Number("--keep", 2, 2, "How many of the newest checkpoints to keep");
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Seed of weights, order, masks and dropout");
    private readonly Option<string?> _memory = Memory();
    private readonly Option<int> _threads = Threads();

    private readonly Option<double[]> _fractions = new Option<double[]>("--checkpoint-at")
    {
        Description = "Fractions of the budget, such as 0.25 0.5, at which to keep the model for good: finetune --from RUN@0.5",
        AllowMultipleArgumentsPerToken = true,
    }.ExpectEach(f => f is > 0 and < 1, "between 0 and 1");

    public IEnumerable<Option> All =>
    [
        _from, .. _size.All, _initialization, _dropout, _batch, _length, _maskRate, _fraction, _microBatch, _memory, _rate, .. _trainer.All, _heldOut, _fractions, _keep,
        _seed, _threads,
    ];

    /// <summary>What was given and does not hold, as the model that the run goes on from says otherwise.</summary>
    public string? Overruled(ParseResult parsed, PretrainingConfiguration configuration)
    {
        string[] names =
        [
            .. _size.Contradicting(parsed, configuration.Model),
            .. parsed.GetResult(_length) is { Implicit: false } && parsed.GetValue(_length) != configuration.Batches.BlockTokens ? new[] { _length.Name } : [],
        ];
        return names.Length == 0 ? null : $"{string.Join(", ", names)} {(names.Length == 1 ? "does" : "do")} not hold, be it given or a recipe's: the model in {configuration.From} is "
            + $"{configuration.Model.Layers} layers × {configuration.Model.Hidden}, with {configuration.Model.MaximumPositions} positions";
    }

    /// <summary>The configuration as it was asked for.</summary>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public PretrainingConfiguration Read(ParseResult parsed, string data, TrainingBudget budget)
    {
        int batch = parsed.GetValue(_batch);
        TrainerSettings training = _trainer.Read(parsed, budget, parsed.GetValue(_rate) ?? PaperSettings.LearningRate(Math.Max(1, batch)));
        return new PretrainingConfiguration
        {
            Data = data,
            From = parsed.GetValue(_from),
            Model = _size.Encoder(parsed) with
            {
                Initialization = parsed.GetValue(_initialization),
                Dropout = parsed.GetValue(_dropout),
                AttentionDropout = parsed.GetValue(_dropout),
            },
            Batches = new MaskedBlockOptions
            {
                BatchBlocks = batch,
                BlockTokens = parsed.GetValue(_length),
                MaskRate = parsed.GetValue(_maskRate),
                DataFraction = parsed.GetValue(_fraction),
            },
            Training = training with
            {
                Checkpoints = training.Checkpoints with { Fractions = parsed.GetValue(_fractions) ?? [], Keep = parsed.GetValue(_keep) },
            },
            LearningRateSource = parsed.GetValue(_rate) != null ? "given" : PaperSettings.LearningRateSource(batch),
            HeldOutBlocks = parsed.GetValue(_heldOut),
            MicroBatchBlocks = parsed.GetValue(_microBatch),
            MemoryBytes = parsed.GetValue(_memory) is { } memory ? Quantities.Bytes(memory) : null,
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
    }
}
