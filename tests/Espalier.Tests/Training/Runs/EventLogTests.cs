using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class EventLogTests
{
    [Fact]
    public void Read_TornLastLine_IsPassedOverAndCutOffWhenWritingGoesOn()
    {
        using var folder = new TemporaryFolder();
        string path = folder["events.jsonl"];
        using (var log = new EventLog(path, new RunStorage()))
        {
            log.Append(new TrainingEvent { Event = "started" });
            log.Append(new TrainingEvent { Event = "step", Step = 3, Loss = double.NaN });
        }

        File.AppendAllText(path, """{"event":"step","st""");
        Assert.Equal(["started", "step"], EventLog.Read(path).Select(e => e.Event));
        using (var log = new EventLog(path, new RunStorage()))
        {
            log.CutBack(long.MaxValue);
            log.Append(new TrainingEvent { Event = "resumed", Step = 3 });
        }

        Assert.Equal(["started", "step", "resumed"], EventLog.Read(path).Select(e => e.Event));
        Assert.Equal(3, File.ReadAllLines(path).Length);
    }

    [Fact]
    public void Read_DamagedInTheMiddle_NamesTheLine()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("events.jsonl", "{\"event\":\"started\"}\nrubbish\n{\"event\":\"finished\"}\n");
        Assert.Contains("line 2", Assert.Throws<RunDamagedException>(() => EventLog.Read(path)).Message);
    }

    [Fact]
    public void History_AskedForOftenWhileTheLogGrows_IsWhatReadingItAnewGives()
    {
        using var folder = new TemporaryFolder();
        string path = folder["events.jsonl"];
        using var log = new EventLog(path, new RunStorage());
        log.Append(new TrainingEvent { Event = "started" });
        Check();
        foreach ((string kind, int step) in ((string, int)[])[("step", 1), ("evaluation", 2), ("checkpoint", 3), ("evaluation", 4), ("rolled-back", 3), ("evaluation", 5)])
        {
            log.Append(new TrainingEvent
            {
                Event = kind,
                Step = step,
                Evaluation = kind == "evaluation" ? new Evaluation("accuracy", 0.1 * step, 1, 1, 1) { Parts = [new EvaluationPart(1, 1)] } : null,
            });
            Check();
        }

        long whole = log.Flush();
        log.CutBack(whole - 10);
        Check();

        void Check() => Assert.Equal(EventLog.Read(path).Where(e => e.Event != "step"), log.History());
    }

    [Fact]
    public void Append_DiskFull_SaysSoOnceAndClosesInPeace()
    {
        // A device on which every write fails for want of room; where there is none, nothing is asked.
        if (!File.Exists("/dev/full"))
        {
            return;
        }

        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder["events.jsonl"], "/dev/full");
        var log = new EventLog(folder["events.jsonl"], new RunStorage());
        RunStorageException fault = Assert.Throws<RunStorageException>(() => log.Append(new TrainingEvent { Event = "step" }));
        Assert.Contains("What was saved before is untouched", fault.Message);
        log.Dispose();
    }
}
