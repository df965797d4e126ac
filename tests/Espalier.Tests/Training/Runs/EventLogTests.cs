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
