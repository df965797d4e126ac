using Espalier.Engine.Models;
using Espalier.Text.Bitext;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Tests.Training.Translation;

/// <summary>A parallel set and a model so small that a run takes a fraction of a second.</summary>
internal static class SmallTranslation
{
    public const int Steps = 8;

    private static readonly string[] Words = ["one", "two", "six", "red", "sun", "sea", "dog", "cat"];

    /// <summary>Writes <c>train.a</c>, <c>train.b</c>, <c>dev.a</c> and <c>dev.b</c>: each word becomes one of its own.</summary>
    public static void Data(TemporaryFolder folder, int pairs = 160)
    {
        foreach ((string name, int first, int count) in new[] { ("train", 0, pairs), ("dev", 1000, 12) })
        {
            int[][] sentences = [.. Enumerable.Range(first, count).Select(
                i => Enumerable.Range(0, 3 + (i % 3)).Select(j => (int)((uint)HashCode(i, j) % Words.Length)).ToArray())];
            folder.Write($"{name}.a", string.Concat(sentences.Select(s => string.Join(' ', s.Select(w => Words[w])) + "\n")));
            folder.Write($"{name}.b", string.Concat(sentences.Select(s => string.Join(' ', s.Select(w => $"x{Words[w]}")) + "\n")));
        }
    }

    /// <summary>Two micro-batches a step, dropout, warm-up, checkpoints and evaluations on the way.</summary>
    public static TranslationConfiguration Configuration(TemporaryFolder folder, TrainingBudget? budget = null) => new()
    {
        Corpus = new ParallelCorpus
        {
            TrainSource = [folder["train.a"]],
            TrainTarget = [folder["train.b"]],
            DevelopmentSource = folder["dev.a"],
            DevelopmentTarget = folder["dev.b"],
        },
        Vocabulary = 290,
        Model = new EncoderDecoderConfiguration { Layers = 1, Hidden = 16, Vocabulary = 0, MaximumPositions = 0 },
        MaximumTokens = 24,
        BatchTokens = 200,
        MicroBatchTokens = 120,
        Training = new TrainerSettings
        {
            Budget = budget ?? new TrainingBudget { Steps = Steps },
            Schedule = new LearningRateSchedule { Peak = 3e-3, WarmupFraction = 0.25, Decay = LearningRateDecay.InverseSquareRoot },
            Evaluation = new Interval(Steps: 3),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 2) },
        },
        Average = 2,
        Threads = 1,
    };

    /// <summary>Makes the run, with nothing measured.</summary>
    public static TranslationRun Create(TemporaryFolder folder, string name, TranslationConfiguration? configuration = null, RunStorage? storage = null)
        => TranslationRun.Create(folder[name], configuration ?? Configuration(folder), storage ?? new RunStorage(), _ => 1e9);

    private static int HashCode(int i, int j) => (((i * 31) + j) * 0x2545F491) >> 7;
}
