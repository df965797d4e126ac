using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Layers;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Text.Batching;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;

namespace Espalier.Cli.Commands;

/// <summary>The options that decide a pretraining run, beside its data and its budget.</summary>
internal sealed class PretrainOptions
{
    private readonly Option<int> _layers = Number("--layers", 3, 1, "Layers");
    private readonly Option<int> _hidden = Number("--hidden", 256, 1, "Width of the model");
    private readonly Option<int> _heads = Number("--heads", 0, 0, "Attention heads; 0 means heads of 64");
    private readonly Option<int> _feedForward = Number("--feed-forward", 0, 0, "Width of the feed-forward layers; 0 means 4 × hidden");
    private readonly Option<LayerSharing> _sharing = New("--sharing", LayerSharing.None, "Which layers share parameters");
    private readonly Option<WeightSchemeKind> _initialization = New(
        "--initialization", WeightSchemeKind.Scaled, "How the weights begin; Roberta is the paper's");
    private readonly Option<float> _dropout = New("--dropout", 0.1f, "Dropout of sub-layers, embeddings and attention").Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<int> _batch = Number("--batch", 256, 1, "Sequences of an effective batch");
    private readonly Option<int> _length = Number("--sequence-length", 128, 1, "Tokens of a sequence");
    private readonly Option<double> _maskRate = New("--mask-rate", 0.15, "Share of the tokens to predict").Expect(r => r is > 0 and < 1, "between 0 and 1");
    private readonly Option<int?> _microBatch = new Option<int?>("--micro-batch") { Description = "Sequences that pass through the model at once; measured when left out" }.Expect(b => b >= 1, "1 or more");
    private readonly Option<string?> _memory = new Option<string?>("--memory") { Description = "Memory for the model and its activations, such as 4GB" }.ExpectReadable(text => Quantities.Bytes(text));
    private readonly Option<double?> _rate = new Option<double?>("--learning-rate") { Description = "Highest learning rate; the paper's by batch size (Table 1) when left out" }.Expect(r => r > 0, "more than 0");
    private readonly Option<double> _warmup = New("--warm-up", 0.06, "Part of the budget over which the rate rises; 1 or more means steps").Expect(w => w >= 0, "0 or more");
    private readonly Option<LearningRateDecay> _schedule = New("--schedule", LearningRateDecay.Linear, "How the rate falls after warm-up");
    private readonly Option<float> _decay = New("--weight-decay", 0.01f, "Weight decay").Expect(d => d >= 0, "0 or more");
    private readonly Option<float> _clip = New("--clip", 1f, "Largest norm of the gradient; 0 for no clipping").Expect(n => n >= 0, "0 or more");
    private readonly Option<string> _evaluate = New("--evaluate-every", "5m", "How often to evaluate: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<int> _heldOut = Number("--held-out-blocks", 1024, 0, "Most held-out sequences of an evaluation");
    private readonly Option<string> _checkpoint = New("--checkpoint-every", "5m", "How often to save: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<int> _keep = Number("--keep", 2, 2, "How many of the newest checkpoints to keep");
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Seed of weights, order, masks and dropout");
    private readonly Option<int> _threads = New("--threads", 0, "Worker threads; 0 means every core").Expect(t => t is >= 0 and <= 1024, "0 to 1024");

    private readonly Option<double[]> _fractions = new Option<double[]>("--checkpoint-at")
    {
        Description = "Parts of the budget at which to save a checkpoint that is kept",
        AllowMultipleArgumentsPerToken = true,
    }.ExpectEach(f => f is > 0 and < 1, "between 0 and 1");

    public IEnumerable<Option> All =>
    [
        _layers, _hidden, _heads, _feedForward, _sharing, _initialization, _dropout, _batch, _length, _maskRate, _microBatch, _memory, _rate, _warmup,
        _schedule, _decay, _clip, _evaluate, _heldOut, _checkpoint, _fractions, _keep, _seed, _threads,
    ];

    /// <summary>The configuration as it was asked for.</summary>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public PretrainingConfiguration Read(ParseResult parsed, string data, TrainingBudget budget)
    {
        int batch = parsed.GetValue(_batch);
        double warmup = parsed.GetValue(_warmup);
        return new PretrainingConfiguration
        {
            Data = data,
            Model = new EncoderConfiguration
            {
                Layers = parsed.GetValue(_layers),
                Hidden = parsed.GetValue(_hidden),
                Heads = parsed.GetValue(_heads),
                FeedForward = parsed.GetValue(_feedForward),
                Sharing = parsed.GetValue(_sharing),
                Initialization = parsed.GetValue(_initialization),
                Dropout = parsed.GetValue(_dropout),
                AttentionDropout = parsed.GetValue(_dropout),
                // Filled in from the corpus.
                Vocabulary = 0,
                MaximumPositions = 0,
            },
            Batches = new MaskedBlockOptions
            {
                BatchBlocks = batch,
                BlockTokens = parsed.GetValue(_length),
                MaskRate = parsed.GetValue(_maskRate),
            },
            Training = new TrainerSettings
            {
                Budget = budget,
                Schedule = new LearningRateSchedule
                {
                    Peak = parsed.GetValue(_rate) ?? PaperSettings.LearningRate(Math.Max(1, batch)),
                    Decay = parsed.GetValue(_schedule),
                    WarmupFraction = warmup < 1 ? warmup : 0,
                    WarmupSteps = warmup >= 1 ? (long)warmup : null,
                },
                Optimizer = new AdamWConfiguration { WeightDecay = parsed.GetValue(_decay) },
                ClipNorm = parsed.GetValue(_clip),
                Evaluation = Quantities.Interval(parsed.GetValue(_evaluate)!),
                Checkpoints = new CheckpointPolicy
                {
                    Every = Quantities.Interval(parsed.GetValue(_checkpoint)!),
                    Fractions = parsed.GetValue(_fractions) ?? [],
                    Keep = parsed.GetValue(_keep),
                },
            },
            LearningRateSource = parsed.GetValue(_rate) != null ? "given" : PaperSettings.LearningRateSource(batch),
            HeldOutBlocks = parsed.GetValue(_heldOut),
            MicroBatchBlocks = parsed.GetValue(_microBatch),
            MemoryBytes = parsed.GetValue(_memory) is { } memory ? Quantities.Bytes(memory) : null,
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
    }

    private static Option<int> Number(string name, int value, int least, string description) =>
        New(name, value, description).Expect(v => v >= least, $"{least} or more");

    private static Option<T> New<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
