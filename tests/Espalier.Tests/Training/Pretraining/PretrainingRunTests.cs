using System.Runtime.InteropServices;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Safetensors;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

/// <summary>How a run is made.</summary>
public class PretrainingRunTests
{
    [Fact]
    public void Create_FolderCannotBeUsedOrItIsCancelled_MeasuresNothingAndLeavesNothing()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), file = folder.Write("file", "");
        Assert.Throws<RunStorageException>(() => Create(Path.Join(file, "run"), default));
        Assert.Throws<OperationCanceledException>(() => Create(folder["run"], new CancellationToken(canceled: true)));
        Assert.False(Directory.Exists(folder["run"]));
        using RunPlace held = RunPlace.Claim(folder["run"], new RunStorage());
        Assert.Throws<RunLockedException>(() => Create(folder["run"], default));

        PretrainingRun Create(string path, CancellationToken cancel) => PretrainingRun.Create(
            path, SmallRun.Configuration(data), new RunStorage(), _ => throw new InvalidOperationException("measured"), cancel: cancel);
    }

    [Fact]
    public void Train_ClippedBatchInMicroBatches_IsScaledByTheNormOfTheWhole()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        float[] whole = StepOf(8, 0.1f), split = StepOf(4, 0.1f), free = StepOf(8, 0);
        Assert.True(Furthest(whole, split) < 1e-3, $"{Furthest(whole, split)}");
        Assert.True(Furthest(whole, free) > 1e-2, $"{Furthest(whole, free)}");

        // A step at a rate, and with an ε, at which Adam moves by ten times the gradient, or nearly.
        float[] StepOf(int microBatch, float clip)
        {
            PretrainingConfiguration c = SmallRun.Configuration(data, new TrainingBudget { Steps = 1 });
            string path = folder[$"{microBatch}-{clip}"];
            using (PretrainingRun run = PretrainingRun.Create(path, c with
            {
                MicroBatchBlocks = microBatch,
                Model = c.Model with { Dropout = 0, AttentionDropout = 0 },
                Training = c.Training with
                {
                    ClipNorm = clip,
                    Optimizer = new AdamWConfiguration { Epsilon = 1 },
                    Schedule = new LearningRateSchedule { Peak = 10, Decay = LearningRateDecay.Constant, WarmupFraction = 0 },
                },
            }, new RunStorage(), _ => 1))
            {
                run.Train();
            }

            using SafetensorsFile file = SafetensorsFile.Open(Path.Join(path, RunDirectory.ModelName, ModelFolder.WeightsName));
            return [.. file.Tensors.Keys.Order(StringComparer.Ordinal).SelectMany(name => MemoryMarshal.Cast<byte, float>(file.GetBytes(name)).ToArray())];
        }

        static float Furthest(float[] a, float[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
    }

    [Fact]
    public void Create_ManyFaults_ListsThemAllAndMakesNothing()
    {
        using var folder = new TemporaryFolder();
        PretrainingConfiguration configuration = SmallRun.Configuration(SmallRun.Corpus(folder), new TrainingBudget { Steps = 0 });
        string message = Assert.Throws<Espalier.Engine.Models.ConfigurationException>(() => PretrainingRun.Create(folder["run"], configuration with
        {
            Model = configuration.Model with { Layers = 0 },
            HeldOutBlocks = -1,
            Threads = 5000,
        })).Message;
        Assert.All(["a budget of 0 steps", "Layers is 0", "-1 held-out", "5000 threads"], part => Assert.Contains(part, message));
        Assert.False(Directory.Exists(folder["run"]));
    }
}
