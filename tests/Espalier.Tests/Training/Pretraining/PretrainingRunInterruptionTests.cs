using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Pretraining;

/// <summary>A run that is killed, cancelled, or has no room left ends with the same bits all the same.</summary>
public class PretrainingRunInterruptionTests
{
    [Fact]
    public void Train_KilledAtAnyPointAndResumed_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        var whole = new KillingStorage(int.MaxValue);
        SmallRun.Train(folder["whole"], data, whole);
        byte[] expected = SmallRun.Weights(folder["whole"]);
        string[] history = History(folder["whole"]);

        // Points of an uninterrupted run: within checkpoints, between their files and renames, within run.json and the log.
        foreach (int point in Drawn.Of(whole.Points, 5))
        {
            string run = folder[$"run-{point}"];
            Assert.Throws<KilledException>(() => SmallRun.Train(run, data, new KillingStorage(point)));
            SmallRun.Train(run, data, new KillingStorage(int.MaxValue));
            Assert.True(expected.AsSpan().SequenceEqual(SmallRun.Weights(run)), $"killed at point {point}, the weights differ");
            Assert.Equal(history, History(run));
            Assert.Empty(Directory.GetFileSystemEntries(run, "*.tmp", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Train_KilledAgainAndAgain_EndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["whole"], data, new KillingStorage(int.MaxValue));

        // Each life is a little longer than the one before, so that every one gets somewhat further.
        bool ended = false;
        for (int life = 7; !ended; life += 3)
        {
            try
            {
                SmallRun.Train(folder["run"], data, new KillingStorage(life));
                ended = true;
            }
            catch (KilledException)
            {
            }
        }

        Assert.Equal(SmallRun.Weights(folder["whole"]), SmallRun.Weights(folder["run"]));
    }

    [Fact]
    public void Train_CancelledWithinAStep_SavesAndEndsWithTheSameBits()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        SmallRun.Train(folder["whole"], data, new RunStorage());
        using (PretrainingRun run = PretrainingRun.Create(folder["run"], SmallRun.Configuration(data)))
        {
            using var cancel = new CancellationTokenSource();
            TrainingOutcome outcome = run.Train(new OnStep(5, cancel.Cancel), cancel.Token);
            Assert.Equal((TrainingEnd.Interrupted, 5), (outcome.End, outcome.State.Step));
        }

        SmallRun.Train(folder["run"], data, new RunStorage());
        Assert.Equal(SmallRun.Weights(folder["whole"]), SmallRun.Weights(folder["run"]));
    }

    [Fact]
    public void Train_DiskFullAtAnyPoint_SaysSoAndGoesOnOnceThereIsRoom()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder);
        var whole = new FullStorage(int.MaxValue);
        SmallRun.Train(folder["whole"], data, whole);
        foreach (int point in Drawn.Of(whole.Points, 4))
        {
            string run = folder[$"run-{point}"];
            RunStorageException fault = Assert.Throws<RunStorageException>(() => SmallRun.Train(run, data, new FullStorage(point)));
            Assert.Contains("No space left", fault.Message);
            SmallRun.Train(run, data, new RunStorage());
            Assert.True(SmallRun.Weights(folder["whole"]).AsSpan().SequenceEqual(SmallRun.Weights(run)), $"full at point {point}, the weights differ");
        }
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
