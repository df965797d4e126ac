using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Engine.Models;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Translation;
using static Espalier.Cli.CommandLine.NewOption;

namespace Espalier.Cli.Commands;

/// <summary>The options that decide a translation run, beside its files and its budget.</summary>
internal sealed class TranslationOptions
{
    // The paper's, after Vaswani et al. 2017, §5.3.
    private const float AdamEpsilon = 1e-9f;

    private const double LearningRate = 1e-3;

    // Where sub-layers drop more, as small models on little data do, published recipes leave attention at this or less.
    private const float MostAttentionDropout = 0.1f;

    private readonly Option<string?> _tokenizer = new("--tokenizer") { Description = "Joint tokenizer of both sides; learned from the training files when left out" };
    private readonly Option<int> _vocabulary = Vocabulary(8000, BpeTrainerOptions.SmallestVocabulary, "Size of the vocabulary that is learned without --tokenizer");
    private readonly ModelSizeOptions _size = new(layers: 2, "Layers of the encoder, and of the decoder");
    private readonly TrainerOptions _trainer = new(LearningRateDecay.InverseSquareRoot, decay: 0, evaluate: "2m");
    private readonly Option<int> _decoderLayers = Number("--decoder-layers", 0, 0, "Layers of the decoder; 0 means as many as the encoder has");
    private readonly Option<NormPlacement> _norm = New("--norm", NormPlacement.Pre, "Where layer norm stands");
    private readonly Option<float> _dropout = New("--dropout", 0.1f, "Dropout of sub-layers and embeddings").Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<float?> _attentionDropout = new Option<float?>("--attention-dropout") { Description = "Dropout of attention; --dropout, but no more than 0.1, when left out" }.Expect(d => d is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<float> _smoothing = New("--label-smoothing", 0.1f, "Label smoothing of the training loss").Expect(s => s is >= 0 and < 1, "0 or more and less than 1");
    private readonly Option<int> _length = Number("--max-length", 128, 8, "Pairs of which a side has more tokens are left out");
    private readonly Option<int> _batch = Number("--batch", 4096, 1, "Tokens of an effective batch, of both sides together");
    private readonly Option<int> _microBatch = Number("--micro-batch", 4096, 1, "Most tokens that pass through the model at once");
    private readonly Option<double?> _rate = new Option<double?>("--learning-rate") { Description = "Highest learning rate; 1e-3 when left out, or with a warm-up in steps and the schedule InverseSquareRoot (hidden × steps)^-1/2 (Vaswani et al. 2017, eq. 3)" }.Expect(r => r > 0, "more than 0");
    private readonly Option<int> _patience = Number("--patience", 10, 0, "Stop after so many evaluations without a better BLEU; 0 for never");
    private readonly Option<int> _average = Number("--average", 5, 0, "Average the weights of so many of the last evaluations, where that is better; 0 for never");
    private readonly Option<ulong> _seed = New("--seed", 1ul, "Seed of weights, order and dropout");
    private readonly Option<int> _threads = Threads();

    public IEnumerable<Option> All =>
    [
        _tokenizer, _vocabulary, .. _size.All, _decoderLayers, _norm, _dropout, _attentionDropout, _smoothing, _length, _batch, _microBatch, _rate,
        .. _trainer.All, _patience, _average, _seed, _threads,
    ];

    /// <summary>The configuration as it was asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="corpus">The files.</param>
    /// <param name="budget">When training ends.</param>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public TranslationConfiguration Read(ParseResult parsed, ParallelCorpus corpus, TrainingBudget budget)
    {
        EncoderDecoderConfiguration size = _size.EncoderDecoder(parsed);
        TrainerSettings training = _trainer.Read(parsed, budget, parsed.GetValue(_rate) ?? LearningRate);
        if (parsed.GetValue(_rate) == null && training.Schedule is { Decay: LearningRateDecay.InverseSquareRoot, WarmupSteps: > 0 } schedule)
            training = training with { Schedule = schedule with { Peak = 1 / Math.Sqrt((double)size.Hidden * schedule.WarmupSteps.Value) } };
        return new TranslationConfiguration
        {
            Corpus = corpus,
            Tokenizer = parsed.GetValue(_tokenizer),
            Vocabulary = parsed.GetValue(_vocabulary),
            Model = size with
            {
                DecoderLayers = parsed.GetValue(_decoderLayers),
                Norm = parsed.GetValue(_norm),
                Dropout = parsed.GetValue(_dropout),
                AttentionDropout = parsed.GetValue(_attentionDropout) ?? Math.Min(parsed.GetValue(_dropout), MostAttentionDropout),
                LabelSmoothing = parsed.GetValue(_smoothing),
            },
            MaximumTokens = parsed.GetValue(_length),
            BatchTokens = parsed.GetValue(_batch),
            MicroBatchTokens = parsed.GetValue(_microBatch),
            Training = training with { Optimizer = training.Optimizer with { Epsilon = AdamEpsilon } },
            Patience = parsed.GetValue(_patience),
            Average = parsed.GetValue(_average),
            Seed = parsed.GetValue(_seed),
            Threads = parsed.GetValue(_threads),
        };
    }
}
