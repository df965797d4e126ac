using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Recovery;
using Espalier.Tests.Training.Translation;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Translation;

namespace Espalier.Tests.Pipeline.Grids;

/// <summary>A translation run that has learned its few words, made once for all tests that only read it.</summary>
public sealed class TrainedTranslation : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TrainedTranslation()
    {
        SmallTranslation.Data(_folder, pairs: 300);
        TranslationConfiguration c = SmallTranslation.Configuration(_folder, new TrainingBudget { Steps = 400 });
        using TranslationRun run = SmallTranslation.Create(_folder, "run", c with
        {
            Model = c.Model with { Hidden = 32, Heads = 2, Dropout = 0, AttentionDropout = 0 },
            BatchTokens = 600,
            MicroBatchTokens = 600,
            Patience = 0,
            Training = c.Training with
            {
                Schedule = new LearningRateSchedule { Peak = 5e-3 },
                Evaluation = new Interval(Steps: 100),
                Checkpoints = new CheckpointPolicy(),
            },
        });
        Bleu = run.Train().Best!.Bleu;
    }

    /// <summary>The run's folder.</summary>
    public string Run => _folder["run"];

    /// <summary>BLEU of greedy translations of the development set, as training measured it.</summary>
    public double Bleu { get; }

    /// <summary>Source sentences of the development set.</summary>
    public string Source => _folder["dev.a"];

    /// <summary>Their translations.</summary>
    public string References => _folder["dev.b"];

    /// <summary>A grid with finetuning that its end alone ends.</summary>
    public GridConfiguration Grid() => new()
    {
        Model = Run,
        Sparsities = [0, 0.6],
        Bits = [32, 4],
        Pruning = new() { Step = 0.6 },
        Recovery = new() { EnoughQuality = RecoverySettings.NoneIsEnough, EvaluationsPerEpoch = 3 },
        Threads = 1,
    };

    public void Dispose() => _folder.Dispose();
}

[CollectionDefinition(Name)]
public sealed class TrainedTranslationCollection : ICollectionFixture<TrainedTranslation>
{
    public const string Name = "trained translation";
}
