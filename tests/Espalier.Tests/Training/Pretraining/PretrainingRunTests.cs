using Espalier.Engine.Safetensors;
using Espalier.Tests.Text;
using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Comparison;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

public class PretrainingRunTests
{
    [Fact]
    public void Train_KilledAtEveryPointAndResumed_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        var whole = new KillingStorage(int.MaxValue);
        Attempt(folder["whole"], data, whole);
        byte[] expected = Weights(folder["whole"]);
        string[] history = History(folder["whole"]);

        // Every point of an uninterrupted run: within checkpoints, between their files and renames, within run.json and the log.
        for (int point = 0; point < whole.Points; point++)
        {
            string run = folder[$"run-{point}"];
            Assert.Throws<KilledException>(() => Attempt(run, data, new KillingStorage(point)));
            Attempt(run, data, new KillingStorage(int.MaxValue));
            Assert.True(expected.AsSpan().SequenceEqual(Weights(run)), $"killed at point {point}, the weights differ");
            Assert.Equal(history, History(run));
            Assert.Empty(Directory.GetFileSystemEntries(run, "*.tmp", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Train_KilledAgainAndAgain_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["whole"], data, new KillingStorage(int.MaxValue));

        // Each life is a little longer than the one before, so that every one gets somewhat further.
        bool ended = false;
        for (int life = 7; !ended; life += 3)
        {
            try
            {
                Attempt(folder["run"], data, new KillingStorage(life));
                ended = true;
            }
            catch (KilledException)
            {
            }
        }

        Assert.Equal(Weights(folder["whole"]), Weights(folder["run"]));
    }

    [Fact]
    public void Train_CancelledWithinAStep_SavesAndEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["whole"], data, new RunStorage());
        using (PretrainingRun run = PretrainingRun.Create(folder["run"], SmallRun.Configuration(data)))
        {
            using var cancel = new CancellationTokenSource();
            TrainingOutcome outcome = run.Train(new OnStep(5, cancel.Cancel), cancel.Token);
            Assert.Equal((TrainingEnd.Interrupted, 5), (outcome.End, outcome.State.Step));
        }

        Attempt(folder["run"], data, new RunStorage());
        Assert.Equal(Weights(folder["whole"]), Weights(folder["run"]));
    }

    [Fact]
    public void Train_GivenMoreSteps_GoesOnAndKeepsItsHistory()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        using (PretrainingRun run = PretrainingRun.Resume(
            folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = 4 }, spent)))
        {
            Assert.Equal(4, run.Estimate.Steps);
            Assert.Equal(SmallRun.Steps + 4, run.Train().State.Step);
        }

        IReadOnlyList<TrainingEvent> events = EventLog.Read(Path.Join(folder["run"], RunDirectory.EventsName));
        Assert.Equal([SmallRun.Steps, SmallRun.Steps + 4], events.Where(e => e.Event == "finished").Select(e => (int)e.Step));
        Assert.Equal(events.Select(e => e.Step).Order(), events.Select(e => e.Step));
    }

    [Fact]
    public void Resume_FinishedBySteps_GoesOnWhenGivenMoreOfAnotherMeasure()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        using (PretrainingRun run = PretrainingRun.Resume(
            folder["run"], (old, spent) => old.Extend(new TrainingBudget { Tokens = 200 }, spent)))
        {
            Assert.Contains($"the limit of {SmallRun.Steps} steps is used up", Assert.Single(run.Warnings));
            Assert.Equal(SmallRun.Steps + 2, run.Train().State.Step);
        }

        RunException fault = Assert.Throws<RunException>(() => PretrainingRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = 4 }));
        Assert.Contains("the budget of 4 steps is used up already", fault.Message);
    }

    [Fact]
    public void Resume_ShardOfTheDataSetChanged_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        string shard = Directory.GetFiles(data, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".json", StringComparison.Ordinal)).MaxBy(f => new FileInfo(f).Length)!;
        byte[] bytes = File.ReadAllBytes(shard);
        (bytes[0], bytes[2]) = ((byte)(bytes[0] ^ 1), (byte)(bytes[2] ^ 1));
        File.WriteAllBytes(shard, bytes);
        Assert.Contains("SHA-256", Assert.Throws<Espalier.Text.TextException>(() => PretrainingRun.Resume(folder["run"])).Message);
    }

    [Theory]
    [InlineData("\"format\":1", "\"format\":2", "has format 2")]
    [InlineData(null, null, "cannot be read")]
    public void Resume_NewestCheckpointCannotBeRead_StopsAndKeepsIt(string? part, string? other, string message)
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        string state = folder[$"run/checkpoints/step-{SmallRun.Steps}/state.json"];
        string json = File.ReadAllText(state);
        if (part != null)
        {
            File.WriteAllText(state, System.Text.RegularExpressions.Regex.Replace(json, "\"format\":\\s*1", other!));
        }
        else
        {
            // A folder cannot be read as a file, whoever asks.
            File.Delete(state);
            Directory.CreateDirectory(state);
        }

        Assert.Contains(message, Assert.Throws<RunException>(() => Attempt(folder["run"], data, new RunStorage())).Message);
        Assert.True(Directory.Exists(folder[$"run/checkpoints/step-{SmallRun.Steps}"]));
    }

    [Fact]
    public void Resume_NewestCheckpointCutShort_GoesOnFromTheOneBeforeAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        byte[] expected = Weights(folder["run"]);
        string newest = folder[$"run/checkpoints/step-{SmallRun.Steps}/{CheckpointStore.OptimizerName}"];
        using (FileStream file = File.OpenWrite(newest))
        {
            file.SetLength(file.Length / 2);
        }

        Attempt(folder["run"], data, new RunStorage());
        Assert.Equal(expected, Weights(folder["run"]));
        TrainingEvent warning = EventLog.Read(folder["run/events.jsonl"]).Single(e => e.Event == "warning");
        Assert.Contains($"step-{SmallRun.Steps}", warning.Message);
        Assert.Contains("optimizer.safetensors holds", warning.Message);
        Assert.True(File.Exists(folder[$"run/checkpoints/damaged-step-{SmallRun.Steps}/state.json"]));
    }

    [Fact]
    public void Train_NoCheckpointIsWhole_SaysSoAndTouchesNothing()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        foreach (string state in Directory.GetFiles(folder["run/checkpoints"], "model.safetensors", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(state);
            bytes[^1] ^= 1;
            File.WriteAllBytes(state, bytes);
        }

        byte[] log = File.ReadAllBytes(folder["run/events.jsonl"]);
        Assert.Contains("SHA-256 differs", Assert.Throws<RunDamagedException>(() => Attempt(folder["run"], data, new RunStorage())).Message);
        Assert.Equal(log, File.ReadAllBytes(folder["run/events.jsonl"]));
    }

    [Fact]
    public void Train_DiskFullAtEveryPoint_SaysSoAndGoesOnOnceThereIsRoom()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        var whole = new FullStorage(int.MaxValue);
        Attempt(folder["whole"], data, whole);
        for (int point = 0; point < whole.Points; point++)
        {
            string run = folder[$"run-{point}"];
            RunStorageException fault = Assert.Throws<RunStorageException>(() => Attempt(run, data, new FullStorage(point)));
            Assert.Contains("No space left", fault.Message);
            Attempt(run, data, new RunStorage());
            Assert.Equal(Weights(folder["whole"]), Weights(run));
        }
    }

    [Fact]
    public void Resume_OtherDataSet_IsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        Directory.Delete(data, recursive: true);
        SmallRun.Corpus(folder, lines: 150);
        Assert.Contains("the data set in", Assert.Throws<RunMismatchException>(() => PretrainingRun.Resume(folder["run"])).Message);
    }

    [Fact]
    public void Resume_DataSetMoved_GoesOnWithItWhereItLiesNow()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        Directory.Move(data, folder["elsewhere"]);
        PretrainingRun.Resume(folder["run"], data: folder["elsewhere"]).Dispose();
        using PretrainingRun again = PretrainingRun.Resume(folder["run"]);
        Assert.Equal(folder["elsewhere"], again.Record.Configuration.Data);
    }

    [Fact]
    public void Resume_WhileAnotherWorksOnIt_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using PretrainingRun run = PretrainingRun.Create(folder["run"], SmallRun.Configuration(SmallRun.Corpus(folder)));
        Assert.Throws<RunLockedException>(() => PretrainingRun.Resume(folder["run"]));
    }

    [Fact]
    public void Resume_OtherTokenizer_IsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        Attempt(folder["run"], data, new RunStorage());
        Directory.Delete(data, recursive: true);
        SmallRun.Corpus(folder, tokenizer: TestTokenizer.WithGap());
        Assert.Contains("the tokenizer in", Assert.Throws<RunMismatchException>(() => PretrainingRun.Resume(folder["run"])).Message);
    }

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
    public void Resume_MachineGotFaster_LogsItAndSetsEachPartBesideItsOwnPeak()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        using (PretrainingRun run = PretrainingRun.Create(folder["run"], SmallRun.Configuration(data), new RunStorage(), _ => 1e9))
        {
            Assert.True(run.Record.MicroBatch.Timing!.Steps > 0);
            Assert.Equal(run.Record.MicroBatch.StepSeconds, run.Estimate.StepSeconds, 1e-9);
            run.Train();
        }

        using (PretrainingRun run = PretrainingRun.Resume(
            folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = SmallRun.Steps }, spent), new RunStorage(), _ => 4e9))
        {
            Assert.Equal(4e9, run.PeakFlops);
            run.Train();
        }

        IReadOnlyList<TrainingEvent> events = EventLog.Read(Path.Join(folder["run"], RunDirectory.EventsName));
        Assert.Equal([1e9, 4e9], events.Where(e => e.PeakFlops != null).Select(e => e.PeakFlops!.Value));
        double first = events.Single(e => e.Event == "resumed").ProductFlops, all = events[^1].ProductFlops;
        Assert.Equal(((first / 1e9) + ((all - first) / 4e9)) / events[^1].Elapsed, RunSummary.Of(folder["run"]).PeakFraction!.Value, 1e-9);
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
        Assert.All(["Steps is 0", "Layers is 0", "-1 held-out", "5000 threads"], part => Assert.Contains(part, message));
        Assert.False(Directory.Exists(folder["run"]));
    }

    private static void Attempt(string run, string data, RunStorage storage)
    {
        using PretrainingRun opened = RunDirectory.IsAt(run)
            ? PretrainingRun.Resume(run, null, storage, _ => 1)
            : PretrainingRun.Create(run, SmallRun.Configuration(data), storage, peak: _ => 1);
        opened.Train();
    }

    private static byte[] Weights(string run)
    {
        byte[] model = File.ReadAllBytes(Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName));
        using SafetensorsFile moments = SafetensorsFile.Open(
            Path.Join(run, RunDirectory.CheckpointsName, $"step-{SmallRun.Steps}", CheckpointStore.OptimizerName));
        return [.. model, .. moments.Tensors.Keys.Order(StringComparer.Ordinal).SelectMany(name => moments.GetBytes(name).ToArray())];
    }

    // What the log says happened, without what a life more or less changes: times, lines of steps (of which there is one a
    // second), and a second evaluation by who was killed after the end of training.
    private static string[] History(string run)
        => [.. EventLog.Read(Path.Join(run, RunDirectory.EventsName)).Where(e => e.Event is "checkpoint" or "evaluation" or "finished")
            .Select(e => $"{e.Event} {e.Step} {e.Tokens} {e.ProductFlops} {e.Evaluation?.Loss}").Distinct()];

    private sealed class OnStep(long step, Action action) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.State.Step == step)
            {
                action();
            }
        }
    }
}
