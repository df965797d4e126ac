using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Tests.Text;
using Espalier.Text.Batching;
using Espalier.Text.Corpora;
using Espalier.Text.Tokenization;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

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

    /// <summary>Makes the run, or opens it again, and trains it to its end.</summary>
    public static void Train(string run, string data, RunStorage storage)
    {
        using PretrainingRun opened = RunDirectory.IsAt(run)
            ? PretrainingRun.Resume(run, null, storage, _ => 1)
            : PretrainingRun.Create(run, Configuration(data), storage, peak: _ => 1);
        opened.Train();
    }

    /// <summary>Its model, and the moments of its last checkpoint.</summary>
    public static byte[] Weights(string run)
    {
        byte[] model = File.ReadAllBytes(Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName));
        using SafetensorsFile moments = SafetensorsFile.Open(
            Path.Join(run, RunDirectory.CheckpointsName, $"step-{Steps}", CheckpointStore.OptimizerName));
        return [.. model, .. moments.Tensors.Keys.Order(StringComparer.Ordinal).SelectMany(name => moments.GetBytes(name).ToArray())];
    }
}
