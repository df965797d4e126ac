using Espalier.Engine.Models;
using Espalier.Tests.Text;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;

namespace Espalier.Tests.Training;

/// <summary>A corpus and a model so small that a run takes a fraction of a second.</summary>
internal static class SmallRun
{
    public const int Steps = 8;

    /// <summary>Prepares the corpus in a folder and returns its path.</summary>
    public static string Corpus(TemporaryFolder folder, int lines = 200, Tokenizer? tokenizer = null)
    {
        string text = folder.Write("corpus.txt", string.Join('\n', TestTokenizer.Lines.Take(lines)));
        new CorpusPreparation(tokenizer ?? TestTokenizer.Instance, new CorpusPreparationOptions { HeldOutFraction = 0.2 }).Run([text], folder["data"]);
        return folder["data"];
    }

    /// <summary>Two micro-batches a step, dropout, warm-up, checkpoints and evaluations on the way.</summary>
    public static PretrainingConfiguration Configuration(string data, TrainingBudget? budget = null) => new()
    {
        Data = data,
        Model = new EncoderConfiguration { Layers = 2, Hidden = 16, Vocabulary = 0, MaximumPositions = 0 },
        Batches = new MaskedBlockOptions { BlockTokens = 16, BatchBlocks = 8 },
        Training = new TrainerSettings
        {
            Budget = budget ?? new TrainingBudget { Steps = Steps },
            Schedule = new LearningRateSchedule { Peak = 3e-3, WarmupFraction = 0.25 },
            Evaluation = new Interval(Steps: 4),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 3), Fractions = [0.5] },
        },
        HeldOutBlocks = 8,
        MicroBatchBlocks = 4,
        Threads = 1,
    };
}
