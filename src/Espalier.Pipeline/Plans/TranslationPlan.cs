using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Planning.Sizes;
using Espalier.Text.Bitext;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Plans;

/// <summary>The translation that a plan is for.</summary>
public sealed record TranslationPlan
{
    /// <summary>The pairs.</summary>
    public required ParallelCorpus Corpus { get; init; }

    /// <summary>Folder of the joint tokenizer; null makes one in the plan's folder. Where there is none it is learned.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>How candidates learn.</summary>
    public TranslationLearning Learning { get; init; } = new();
}

/// <summary>How models learn to translate. The defaults are those of the recipe <c>short-translation</c>, where they are explained, but for
/// the warm-up: sizes must not race while the rate still rises.</summary>
public sealed record TranslationLearning
{
    /// <summary>The width that <see cref="LearningRate"/> is for.</summary>
    public const int Width = 256;

    // As Vaswani et al. 2017, §5.3.
    private const float AdamEpsilon = 1e-9f;

    // Heads of 64, but no fewer of them than this.
    private const int FewestHeads = 4, HeadSize = 64;

    // Where sub-layers drop more, as small models on little data do, published recipes leave attention at this or less.
    private const float MostAttentionDropout = 0.1f;

    // Evaluations of a whole run, and saves; a race has its own.
    private const int Evaluations = 20, Saves = 10;

    /// <summary>Most tokens of an effective batch, of both sides.</summary>
    public int BatchTokens { get; init; } = 2000;

    /// <summary>Pairs of which a side has more tokens than this are left out.</summary>
    public int MaximumTokens { get; init; } = 128;

    /// <summary>The highest learning rate at a width of <see cref="Width"/>.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Part of the budget over which the rate rises.</summary>
    public double WarmupFraction { get; init; } = 0.02;

    /// <summary>Dropout of sub-layers and embeddings.</summary>
    public float Dropout { get; init; } = 0.2f;

    /// <summary>Label smoothing of the training loss.</summary>
    public float LabelSmoothing { get; init; } = 0.1f;

    /// <summary>Evaluations whose weights are averaged at the end.</summary>
    public int Average { get; init; } = 4;

    /// <summary>The highest learning rate at a width: 1/√width of it, between no change, as in the paper, and 1/width (<see cref="PlanLearning.RateOf"/>).</summary>
    public double RateOf(int hidden) => LearningRate * Math.Sqrt((double)Width / hidden);

    /// <summary>The run of a candidate. Training goes on to the end of its time: what is kept is the best evaluation.</summary>
    internal TranslationConfiguration Of(ModelSize size, PlanSettings settings, TranslationPlan plan) => new()
    {
        Corpus = plan.Corpus,
        Tokenizer = Path.Join(plan.Tokenizer, ModelFolder.TokenizerName),
        Model = new EncoderDecoderConfiguration
        {
            Layers = size.Layers,
            Hidden = size.Hidden,
            Heads = Math.Max(FewestHeads, size.Hidden / HeadSize),
            Dropout = Dropout,
            AttentionDropout = Math.Min(Dropout, MostAttentionDropout),
            LabelSmoothing = LabelSmoothing,
            // Filled in from the tokenizer.
            Vocabulary = 0,
            MaximumPositions = 0,
        },
        MaximumTokens = MaximumTokens,
        BatchTokens = BatchTokens,
        MicroBatchTokens = BatchTokens,
        Training = new TrainerSettings
        {
            Budget = new TrainingBudget { Time = settings.Budget },
            Schedule = new LearningRateSchedule { Peak = RateOf(size.Hidden), WarmupFraction = WarmupFraction },
            Optimizer = new AdamWConfiguration { WeightDecay = 0, Epsilon = AdamEpsilon },
            Evaluation = new Interval(Time: settings.Budget / Evaluations),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Time: settings.Budget / Saves) },
        },
        Patience = 0,
        Average = Average,
        Seed = settings.Seed,
        Threads = settings.Threads,
    };
}
