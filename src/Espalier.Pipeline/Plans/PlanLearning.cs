using Espalier.Engine.Layers;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Planning.Sizes;
using Espalier.Text.Batching;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;

namespace Espalier.Pipeline.Plans;

/// <summary>How the candidates of a plan learn. The defaults are those of the recipe <c>short-mlm</c>, where they are explained.</summary>
public sealed record PlanLearning
{
    // Evaluations of a whole run, and saves; a race has its own.
    private const int Evaluations = 20, Saves = 10;

    /// <summary>The width that <see cref="LearningRate"/> is for.</summary>
    public const int Width = 128;

    /// <summary>Sequences of an effective batch.</summary>
    public int BatchBlocks { get; init; } = 16;

    /// <summary>Tokens of a sequence.</summary>
    public int BlockTokens { get; init; } = 128;

    /// <summary>Share of the tokens that are predicted.</summary>
    public double MaskRate { get; init; } = 0.25;

    /// <summary>The highest learning rate at a width of <see cref="Width"/>.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Part of the budget over which the rate rises.</summary>
    public double WarmupFraction { get; init; } = 0.02;

    /// <summary>Dropout of sub-layers, embeddings and attention.</summary>
    public float Dropout { get; init; }

    /// <summary>How the weights begin.</summary>
    public WeightSchemeKind Initialization { get; init; } = WeightSchemeKind.Neighbours;

    /// <summary>
    /// The highest learning rate at a width: above <see cref="Width"/> 1/width of it, as is exact for matrices and Adam as width grows
    /// (Yang et al. 2022, Tensor Programs V); below it 1/√width. On English, 100 seconds each: at 6 × 512 7e-4 came to a perplexity of 821,
    /// 1.5e-3 to 1087; at 4 × 256 2e-3 and 1e-3 are nearly as good (247 and 264).
    /// </summary>
    public double RateOf(int hidden) => LearningRate * Math.Pow((double)Width / hidden, hidden > Width ? 1 : 0.5);

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [.. Batches.Validate()];
        if (!(LearningRate > 0))
            faults.Add($"learning rate {LearningRate}; expected more than 0");
        if (WarmupFraction is not (>= 0 and < 1))
            faults.Add($"warm-up over {WarmupFraction} of the budget; expected 0 or more and less than 1");
        return faults;
    }

    /// <summary>The run of a candidate.</summary>
    internal PretrainingConfiguration Of(ModelSize size, PlanSettings settings, int heldOutBlocks, int? microBatchBlocks) => new()
    {
        Data = settings.Data!,
        Model = new EncoderConfiguration
        {
            Layers = size.Layers,
            Hidden = size.Hidden,
            Dropout = Dropout,
            AttentionDropout = Dropout,
            Initialization = Initialization,
            // Filled in from the corpus.
            Vocabulary = 0,
            MaximumPositions = 0,
        },
        Batches = Batches,
        Training = new TrainerSettings
        {
            Budget = new TrainingBudget { Time = settings.Budget },
            Schedule = new LearningRateSchedule { Peak = RateOf(size.Hidden), WarmupFraction = WarmupFraction },
            Optimizer = new AdamWConfiguration { WeightDecay = 0.01f },
            Evaluation = new Interval(Time: settings.Budget / Evaluations),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Time: settings.Budget / Saves) },
        },
        LearningRateSource = $"by width, {LearningRate:G3} at {Width}",
        HeldOutBlocks = heldOutBlocks,
        MicroBatchBlocks = microBatchBlocks,
        TimingBefore = TimeSpan.Zero,
        MemoryBytes = settings.MemoryBytes,
        Seed = settings.Seed,
        Threads = settings.Threads,
    };

    private MaskedBlockOptions Batches => new() { BatchBlocks = BatchBlocks, BlockTokens = BlockTokens, MaskRate = MaskRate };
}
