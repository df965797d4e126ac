using Espalier.Tests.Text;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Comparison;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

/// <summary>What a run that is opened again asks, and what it goes on with.</summary>
public class PretrainingRunResumptionTests
{
    [Fact]
    public void Train_GivenMoreSteps_GoesOnAndKeepsItsHistory()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
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
        SmallRun.Train(folder["run"], data, new RunStorage());
        using (PretrainingRun run = PretrainingRun.Resume(
            folder["run"], (old, spent) => old.Extend(new TrainingBudget { Tokens = 200 }, spent)))
        {
            Assert.Contains($"the limit of {SmallRun.Steps} steps is used up", Assert.Single(run.Warnings));
            Assert.Equal(SmallRun.Steps + 2, run.Train().State.Step);
        }

        RunException fault = Assert.Throws<RunException>(() => PretrainingRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = 4 }));
        Assert.Contains("the budget of 4 steps is used up already: 10 steps in ", fault.Message);
        Assert.EndsWith("give it more, such as --steps +1000", fault.Message);
    }

    [Fact]
    public void Resume_NewestCheckpointIsDamaged_SaysFromWhereItGoesOn()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
        using (PretrainingRun whole = PretrainingRun.Resume(folder["run"]))
        {
            Assert.Contains("there is nothing left to train", Assert.Single(whole.Warnings));
        }

        CutNewest(folder);
        using PretrainingRun run = PretrainingRun.Resume(folder["run"]);
        List<string> warnings = [];
        run.Train(new Warned(warnings.Add));
        Assert.Contains($"step-{SmallRun.Steps} is damaged and passed over", Assert.Single(warnings));
        Assert.Contains("goes on from step 6", warnings[0]);
    }

    [Fact]
    public void Train_InterruptedBehindADamagedCheckpoint_LeavesTheModelOfMoreTraining()
    {
        using var folder = new TemporaryFolder();
        SmallRun.Train(folder["run"], SmallRun.Corpus(folder), new RunStorage());
        byte[] model = File.ReadAllBytes(folder["run/model/model.safetensors"]);
        CutNewest(folder);
        using (PretrainingRun run = PretrainingRun.Resume(folder["run"]))
        {
            Assert.Equal(TrainingEnd.Interrupted, run.Train(cancel: new CancellationToken(canceled: true)).End);
        }

        Assert.Equal(model, File.ReadAllBytes(folder["run/model/model.safetensors"]));

        // The damaged checkpoint has another name by now.
        Assert.Throws<RunException>(() => PretrainingRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = 7 }));
        SmallRun.Train(folder["run"], folder["data"], new RunStorage());
        Assert.Equal(model, File.ReadAllBytes(folder["run/model/model.safetensors"]));
    }

    [Theory]
    [InlineData(7)] // more than the checkpoint that is left has, and less than the run was trained
    [InlineData(8)]
    public void Resume_NewestCheckpointIsDamaged_RefusesLessThanTheRunWasTrained(int steps)
    {
        using var folder = new TemporaryFolder();
        SmallRun.Train(folder["run"], SmallRun.Corpus(folder), new RunStorage());
        CutNewest(folder);
        byte[] model = File.ReadAllBytes(folder["run/model/model.safetensors"]);
        RunException fault = Assert.Throws<RunException>(() => PretrainingRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = steps }));
        Assert.Contains($"the budget of {steps} steps is used up already: {SmallRun.Steps} steps in ", fault.Message);
        Assert.Equal(model, File.ReadAllBytes(folder["run/model/model.safetensors"]));
        using PretrainingRun more = PretrainingRun.Resume(folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = 2 }, spent));
        Assert.Equal(SmallRun.Steps + 2, more.Train().State.Step);
    }

    [Fact]
    public void Resume_GivenALimitThatIsUsedUpAlready_RefusesInsteadOfTrainingWithoutIt()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
        RunException fault = Assert.Throws<RunException>(
            () => PretrainingRun.Resume(folder["run"], (_, _) => new TrainingBudget { Steps = 1_000_000, Time = TimeSpan.FromTicks(1) }));
        Assert.Contains("a time of 0.0001ms is used up already", fault.Message);
        Assert.EndsWith("give it more, such as --time +30m", fault.Message);
        using PretrainingRun untouched = PretrainingRun.Resume(folder["run"]);
        Assert.Equal(new TrainingBudget { Steps = SmallRun.Steps }, untouched.Record.Configuration.Training.Budget);
    }

    [Fact]
    public void Resume_EndedByTimeWithinHalfAStep_MoreStepsCountFromThere()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        using (PretrainingRun run = PretrainingRun.Create(
            folder["run"], SmallRun.Configuration(data, new TrainingBudget { Steps = 1_000_000, Time = TimeSpan.FromMilliseconds(1) })))
        {
            run.Train();
        }

        using PretrainingRun more = PretrainingRun.Resume(folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = 3 }, spent));
        Assert.Equal((3, null), (more.Estimate.Steps, more.Record.Configuration.Training.Budget.Time));
    }

    [Fact]
    public void Resume_ShardOfTheDataSetChanged_IsNoticed()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
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
        SmallRun.Train(folder["run"], data, new RunStorage());
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

        Assert.Contains(message, Assert.Throws<RunException>(() => SmallRun.Train(folder["run"], data, new RunStorage())).Message);
        Assert.True(Directory.Exists(folder[$"run/checkpoints/step-{SmallRun.Steps}"]));
    }

    [Fact]
    public void Resume_NewestCheckpointCutShort_GoesOnFromTheOneBeforeAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
        byte[] expected = SmallRun.Weights(folder["run"]);
        string newest = folder[$"run/checkpoints/step-{SmallRun.Steps}/{CheckpointStore.OptimizerName}"];
        using (FileStream file = File.OpenWrite(newest))
        {
            file.SetLength(file.Length / 2);
        }

        SmallRun.Train(folder["run"], data, new RunStorage());
        Assert.Equal(expected, SmallRun.Weights(folder["run"]));
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
        SmallRun.Train(folder["run"], data, new RunStorage());
        foreach (string state in Directory.GetFiles(folder["run/checkpoints"], "model.safetensors", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(state);
            bytes[^1] ^= 1;
            File.WriteAllBytes(state, bytes);
        }

        byte[] log = File.ReadAllBytes(folder["run/events.jsonl"]);
        Assert.Contains("SHA-256 differs", Assert.Throws<RunDamagedException>(() => SmallRun.Train(folder["run"], data, new RunStorage())).Message);
        Assert.Equal(log, File.ReadAllBytes(folder["run/events.jsonl"]));
    }

    [Fact]
    public void Resume_OtherDataSet_IsRefusedByName()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
        Directory.Delete(data, recursive: true);
        SmallRun.Corpus(folder, lines: 150);
        Assert.Contains("the data set in", Assert.Throws<RunMismatchException>(() => PretrainingRun.Resume(folder["run"])).Message);
    }

    [Fact]
    public void Resume_DataSetMoved_GoesOnWithItWhereItLiesNow()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["run"], data, new RunStorage());
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
        SmallRun.Train(folder["run"], data, new RunStorage());
        Directory.Delete(data, recursive: true);
        SmallRun.Corpus(folder, tokenizer: TestTokenizer.WithGap());
        Assert.Contains("the tokenizer in", Assert.Throws<RunMismatchException>(() => PretrainingRun.Resume(folder["run"])).Message);
    }

    [Fact]
    public void Resume_MachineGotFaster_LogsItAndSetsEachPartBesideItsOwnPeak()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        using (PretrainingRun run = PretrainingRun.Create(folder["run"], SmallRun.Configuration(data), new RunStorage(), _ => 1e9))
        {
            Assert.True(run.Record.MicroBatch.Timing!.Steps > 0);
            Assert.Equal(run.Record.MicroBatch.StepSeconds, run.Estimate.StepSeconds, 1e-6);
            run.Train();
        }

        using (PretrainingRun run = PretrainingRun.Resume(
            folder["run"], (old, spent) => old.Extend(new TrainingBudget { Steps = SmallRun.Steps }, spent), new RunStorage(), _ => 4e9))
        {
            Assert.Equal(4e9, run.Peak.Flops);
            run.Train();
        }

        IReadOnlyList<TrainingEvent> events = EventLog.Read(Path.Join(folder["run"], RunDirectory.EventsName));
        Assert.Equal([1e9, 4e9], events.Where(e => e.PeakFlops != null).Select(e => e.PeakFlops!.Value));
        double first = events.Single(e => e.Event == "resumed").ProductFlops, all = events[^1].ProductFlops;
        Assert.Equal(((first / 1e9) + ((all - first) / 4e9)) / events[^1].Elapsed, RunSummary.Of(folder["run"]).PeakFraction!.Value, 1e-9);

        // As if the machine had been busy when the run began: all of that part counts beside what it could do.
        string log = Path.Join(folder["run"], RunDirectory.EventsName);
        string[] lines = File.ReadAllLines(log);
        File.WriteAllLines(log, [.. lines[..3], """{"event":"peak","peakFlops":2e9}""", .. lines[3..]]);
        Assert.Equal(((first / 2e9) + ((all - first) / 4e9)) / events[^1].Elapsed, RunSummary.Of(folder["run"]).PeakFraction!.Value, 1e-9);
    }

    private static void CutNewest(TemporaryFolder folder)
    {
        string file = folder[$"run/checkpoints/step-{SmallRun.Steps}/{CheckpointStore.OptimizerName}"];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..100]);
    }

    private sealed class Warned(Action<string> warn) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Warning != null)
            {
                warn(value.Warning);
            }
        }
    }
}
