using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Translation;

namespace Espalier.Cli.Commands;

/// <summary>The options that decide a translation run, beside its files and its budget.</summary>
internal sealed class TranslationOptions
{
    // The paper's, after Vaswani et al. 2017, §5.3.
    private const float AdamEpsilon = 1e-9f;

    // Where sub-layers drop more, as small models on little data do, published recipes leave attention at this or less.
    private const float MostAttentionDropout = 0.1f;

    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "Joint tokenizer of both sides; learned from the training files when left out" };
    private readonly Option<int> _vocabulary = Number("--vocab", 8000, BpeTrainerOptions.SmallestVocabulary, "Symbols of a tokenizer that is learned");
    private readonly Option<int> _layers = Number("--layers", 2, 1, "Layers of the encoder, and of the decoder");
    private readonly Option<int> _decoderLayers = Number("--decoder-layers", 0, 0, "Layers of the decoder; 0 means as many as the encoder has");
    private readonly Option<int> _hidden = Number("--hidden", 256, 1, "Width of the model");
    private readonly Option<int> _heads = Number("--heads", 0, 0, "Attention heads; 0 means heads of 64");
    private readonly Option<int> _feedForward = Number("--feed-forward", 0, 0, "Width of the feed-forward layers; 0 means 4 × hidden");
    private readonly Option<NormPlacement> _norm = New("--norm", NormPlacement.Pre, "Where layer norm stands");
    private readonly Option<LayerSharing> _sharing = New("--sharing", LayerSharing.None, "Which layers share parameters");
    private readonly Option<float> _dropout = New("--dropout", 0.1f, "Dropout of sub-layers and embeddings").Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<float?> _attentionDropout = new Option<float?>("--attention-dropout") { Description = "Dropout of attention; --dropout, but no more than 0.1, when left out" }.Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<float> _smoothing = New("--label-smoothing", 0.1f, "Label smoothing of the training loss").Expect(s => s is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<int> _length = Number("--max-length", 128, 8, "Pairs of which a side has more tokens are left out");
    private readonly Option<int> _batch = Number("--batch", 4096, 1, "Tokens of an effective batch, of both sides together");
    private readonly Option<int> _microBatch = Number("--micro-batch", 4096, 1, "Most tokens that pass through the model at once");
    private readonly Option<double> _rate = New("--learning-rate", 1e-3, "Highest learning rate").Expect(r => r > 0, "more than 0");
    private readonly Option<double> _warmup = New("--warm-up", 0.06, "Part of the budget over which the rate rises; 1 or more means steps").Expect(w => w >= 0, "0 or more");
    private readonly Option<LearningRateDecay> _schedule = New("--schedule", LearningRateDecay.InverseSquareRoot, "How the rate falls after warm-up");
    private readonly Option<float> _decay = New("--weight-decay", 0f, "Weight decay").Expect(d => d >= 0, "0 or more");
    private readonly Option<float> _clip = New("--clip", 1f, "Largest norm of the gradient; 0 for no clipping").Expect(n => n >= 0, "0 or more");
    private readonly Option<string> _evaluate = New("--evaluate-every", "2m", "How often to evaluate: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<int> _patience = Number("--patience", 10, 0, "Stop after so many evaluations without a better BLEU; 0 for never");
    private readonly Option<int> _average = Number("--average", 5, 0, "Average the weights of so many of the last evaluations, where that is better; 0 for never");
    private readonly Option<string> _checkpoint = New("--checkpoint-every", "5m", "How often to save: a time, or a number of steps").ExpectReadable(text => Quantities.Interval(text));
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Seed of weights, order and dropout");
    private readonly Option<int> _threads = New("--threads", 0, "Worker threads; 0 means every core").Expect(t => t is >= 0 and <= 1024, "0 to 1024");

    public IEnumerable<Option> All =>
    [
        _tokenizer, _vocabulary, _layers, _decoderLayers, _hidden, _heads, _feedForward, _norm, _sharing, _dropout, _attentionDropout, _smoothing, _length,
        _batch, _microBatch, _rate, _warmup, _schedule, _decay, _clip, _evaluate, _patience, _average, _checkpoint, _seed, _threads,
    ];

    /// <summary>The configuration as it was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="files">Training files of the source, of the target, and the development files.</param>
    /// <param name="budget">When training ends.</param>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public TranslationConfiguration Read(
        ParseResult parsed, (string[] Source, string[] Target, string DevSource, string DevTarget) files, TrainingBudget budget)
    {
        double warmup = parsed.GetValue(_warmup);
        return new TranslationConfiguration
        {
            TrainSource = files.Source,
            TrainTarget = files.Target,
            DevelopmentSource = files.DevSource,
            DevelopmentTarget = files.DevTarget,
            Tokenizer = parsed.GetValue(_tokenizer),
            Vocabulary = parsed.GetValue(_vocabulary),
            Model = new EncoderDecoderConfiguration
            {
                Layers = parsed.GetValue(_layers),
                DecoderLayers = parsed.GetValue(_decoderLayers),
                Hidden = parsed.GetValue(_hidden),
                Heads = parsed.GetValue(_heads),
                FeedForward = parsed.GetValue(_feedForward),
                Norm = parsed.GetValue(_norm),
                Sharing = parsed.GetValue(_sharing),
                Dropout = parsed.GetValue(_dropout),
                AttentionDropout = parsed.GetValue(_attentionDropout) ?? Math.Min(parsed.GetValue(_dropout), MostAttentionDropout),
                LabelSmoothing = parsed.GetValue(_smoothing),
                // Filled in from the tokenizer and the longest sentence.
                Vocabulary = 0,
                MaximumPositions = 0,
            },
            MaximumTokens = parsed.GetValue(_length),
            BatchTokens = parsed.GetValue(_batch),
            MicroBatchTokens = parsed.GetValue(_microBatch),
            Training = new TrainerSettings
            {
                Budget = budget,
                Schedule = new LearningRateSchedule
                {
                    Peak = parsed.GetValue(_rate),
                    Decay = parsed.GetValue(_schedule),
                    WarmupFraction = warmup < 1 ? warmup : 0,
                    WarmupSteps = warmup >= 1 ? (long)warmup : null,
                },
                Optimizer = new AdamWConfiguration { WeightDecay = parsed.GetValue(_decay), Epsilon = AdamEpsilon },
                ClipNorm = parsed.GetValue(_clip),
                Evaluation = Quantities.Interval(parsed.GetValue(_evaluate)!),
                Checkpoints = new CheckpointPolicy { Every = Quantities.Interval(parsed.GetValue(_checkpoint)!) },
            },
            Patience = parsed.GetValue(_patience),
            Average = parsed.GetValue(_average),
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
    }

    private static Option<int> Number(string name, int value, int least, string description) =>
        New(name, value, description).Expect(v => v >= least, $"{least} or more");

    private static Option<T> New<T>(string name, T value, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
