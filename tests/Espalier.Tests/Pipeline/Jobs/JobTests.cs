using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;
using Espalier.Planning.Sizes;
using Espalier.Tests.Training.Finetuning;
using Espalier.Text;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Jobs;

public class JobTests
{
    [Fact]
    public void Run_KilledAnywhere_GoesOnToAPackageAndAReport()
    {
        using var folder = new TemporaryFolder();
        var snapshots = new Snapshots(folder["job"], folder["killed"]);
        using (Job job = Job.Create(folder["job"], Settings(folder)))
        {
            RunReport report = job.Run(snapshots);
            Assert.Equal(ReportState.Finished, report.State);
            Assert.All(report.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
            Assert.NotNull(report.Outcome!.Test);
            string package = Path.Join(folder["job"], "package");
            Assert.Contains("| accuracy, test |", File.ReadAllText(Path.Join(package, "README.md")), StringComparison.Ordinal);
            Assert.Equal(Directory.GetFiles(package).Sum(file => new FileInfo(file).Length), report.Outcome.Bytes);
            Assert.Equal(report.Phases!.Sum(p => p.Seconds!.Value), job.Record.SpentSeconds, 0.5);
        }

        // What stood on the disk when a phase began, or was at work, is what a process that was killed there left; and nothing in it
        // may point back to where it was.
        Directory.Move(folder["job"], folder["gone"]);
        Assert.Equal(Enum.GetValues<JobPhase>(), snapshots.Taken.Select(s => s.Phase).Distinct());
        foreach (int drawn in Drawn.Of(snapshots.Taken.Count, 3))
        {
            string path = snapshots.Taken[drawn].Path;
            using Job resumed = Job.Resume(path);
            RunReport report = resumed.Run(finish: path != snapshots.Taken.First(s => s.Phase == JobPhase.Pretrain).Path);
            Assert.True(
                report.State == ReportState.Finished && report.Outcome?.Labels != null && report.Notes!.Count == 0,
                $"killed in {path}: {string.Join(" ", report.Notes!)}");
            Assert.True(File.Exists(Path.Join(path, "package", "README.md")));
        }
    }

    [Fact]
    public void Run_InterruptedInTheRaceAndMoved_GoesOnWithWhatWasRaced()
    {
        using var folder = new TemporaryFolder();
        using (Job job = Job.Create(folder["job"], Settings(folder) with { Budget = TimeSpan.FromSeconds(40) }))
        {
            job.Scope = Planned;
            Interrupt(job, (phase, words) => phase == JobPhase.Plan && words.StartsWith("racing", StringComparison.Ordinal));
        }

        Directory.Move(folder["job"], folder["moved"]);
        File.SetLastWriteTimeUtc(folder["set/test.tsv"], DateTime.UnixEpoch);
        using (Job job = Job.Resume(folder["moved"]))
        {
            Assert.StartsWith("test.tsv was changed", Assert.Single(job.Record.Notes).Sentence, StringComparison.Ordinal);
            job.Scope = Planned;
            Interrupt(job, (phase, words) => phase == JobPhase.Pretrain && words.Contains("step", StringComparison.Ordinal));
            Assert.StartsWith("plan/1x", job.Record.Pretrained, StringComparison.Ordinal);
        }

        Directory.Move(folder["moved"], folder["again"]);
        using (Job job = Job.Resume(folder["again"]))
        {
            RunReport report = job.Run(finish: true);
            Assert.All(report.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
            Assert.All(report.Plan!.Candidates, c => Assert.Contains(new ModelSize(c.Layers, c.Hidden), Planned.Sizes!));
        }
    }

    [Fact]
    public void Resume_OfAFinishedJob_ChangesNothing_AndWithMoreTimeGoesOn()
    {
        using var folder = new TemporaryFolder();
        RunReport first;
        using (Job job = Job.Create(folder["job"], Settings(folder)))
        {
            first = job.Run(finish: true);
        }

        Dictionary<string, byte[]> Files() => Directory.GetFiles(folder["job"]).Where(f => Path.GetFileName(f) != ".lock").ToDictionary(f => f, File.ReadAllBytes);
        Dictionary<string, byte[]> before = Files();
        using (Job job = Job.Resume(folder["job"]))
        {
            Assert.Equal(first.Outcome!.LatencySeconds, job.Run().Outcome!.LatencySeconds);
        }

        Assert.All(Files(), file => Assert.Equal(before[file.Key], file.Value));
        using (Job job = Job.Resume(folder["job"], TimeSpan.FromSeconds(3)))
        {
            Interrupt(job, (phase, _) => phase == JobPhase.Pretrain);
        }

        // The package is still there, and what was planned was for less time.
        RunReport stopped = ReportFile.Read(Path.Join(folder["job"], ReportFile.Name));
        Assert.Equal((ReportState.Interrupted, first.Outcome.Bytes), (stopped.State, stopped.Outcome!.Bytes));
        Assert.NotNull(stopped.Confusion);
        Assert.Null(stopped.Forecasts);
        using (Job job = Job.Resume(folder["job"]))
        {
            RunReport more = job.Run(finish: true);
            Assert.All(more.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
            Assert.Equal(JobSettings.LeastBudget.TotalSeconds + 3, more.Goals!.BudgetSeconds);
            Assert.True(more.Outcome!.UncompressedAccuracy >= first.Outcome.UncompressedAccuracy);
            Assert.True(Directory.Exists(Path.Join(folder["job"], "finetune-2", "model")) && Directory.Exists(Path.Join(folder["job"], "grid-2", "1")));
        }
    }

    [Fact]
    public void Run_WithAGoalThatNothingMeets_PackagesTheNearestAndSaysWhatWouldHaveToGive()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder) with { Limits = new DeploymentLimits(MaxBytes: 9_000) });
        RunReport report = job.Run(finish: true);
        Assert.Contains("raise --max-size by", LimitWords.OfJob(Assert.Single(report.Outcome!.Missed!), QualityMetric.Accuracy), StringComparison.Ordinal);
        Assert.Contains("raise --max-size by", File.ReadAllText(Path.Join(folder["job"], "package", "README.md")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Join(folder["job"], "package", "model.safetensors")));

        // Without time one model that is as small as it gets, and not every level on the way there.
        Assert.Single(report.Grid!.Cells);
        Assert.All(report.Grid.Levels, level => Assert.Equal(0, level.Steps));
    }

    [Fact]
    public void Run_WhoseFinetuningFails_PackagesTheEncoder_AndTriesAgainWhenResumed()
    {
        using var folder = new TemporaryFolder();
        string dev = folder["set/dev.tsv"], away = folder["away.tsv"];
        using (Job job = Job.Create(folder["job"], Settings(folder) with { Limits = new DeploymentLimits(MaxBytes: 400_000) }))
        {
            RunReport report = job.Run(new Meanwhile(JobPhase.Finetune, () => File.Move(dev, away, overwrite: true)), finish: true);
            Assert.Equal(PhaseState.Failed, report.Phases![(int)JobPhase.Finetune].State);
            Assert.IsType<TextException>(job.Failure);
            Assert.NotEmpty(report.Notes!);
            Assert.NotNull(report.Outcome!.HeldOutLoss);

            // It is compressed all the same: in single precision it has twice as many bytes and more.
            Assert.StartsWith("grid/encoder-b", job.Record.Chosen, StringComparison.Ordinal);
        }

        File.Move(away, dev);
        using (Job job = Job.Resume(folder["job"]))
        {
            RunReport report = job.Run(finish: true);
            Assert.All(report.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
            Assert.Empty(report.Notes!);
            Assert.NotNull(report.Outcome!.Labels);
        }
    }

    [Fact]
    public void Run_WhoseTestSetIsGone_PackagesWhatLosesNothing_AndSaysThatItWasNotMeasured()
    {
        using var folder = new TemporaryFolder();
        JobSettings settings = Settings(folder);
        using Job job = Job.Create(folder["job"], settings);
        RunReport report = job.Run(new Meanwhile(JobPhase.Compress, () => File.Delete(settings.Test!)), finish: true);
        Assert.All(report.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
        Assert.Null(report.Outcome!.Test);
        Assert.NotNull(report.Outcome.Development);
        Assert.Contains("The test set could not be read again", Assert.Single(report.Notes!), StringComparison.Ordinal);

        // In a hurry, and with no limit that asks for less.
        Assert.Equal("s0-b8", report.ChosenCell);
    }

    [Fact]
    public void Resume_WithAnotherFinetunedModel_CompressesThat()
    {
        using var folder = new TemporaryFolder();
        using (Job job = Job.Create(folder["job"], Settings(folder)))
        {
            job.Run(finish: true);
        }

        var record = JobRecord.Read(folder["job"]);
        Directory.Delete(Path.Join(folder["job"], "finetune"), recursive: true);
        (record with
        {
            Settings = record.Settings with { Seed = 2 },
            Phases = [.. record.Phases.Select((p, i) => i < (int)JobPhase.Finetune ? p : p with { State = PhaseState.Waiting })],
        }).Write(folder["job"]);
        using (Job job = Job.Resume(folder["job"]))
        {
            Assert.All(job.Run(finish: true).Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
        }
    }

    [Fact]
    public void Run_WithAFewLabelsAndMuchTime_PretrainsForWhatFinetuningCannotUse()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder) with { Budget = TimeSpan.FromHours(1) });
        job.Scope = new PlanScope { Least = TimeSpan.MaxValue };
        IReadOnlyList<ReportPhase> before = job.Record.Phases;
        Interrupt(job, (phase, words) => phase == JobPhase.Pretrain && words.Contains("step", StringComparison.Ordinal));
        double Moved(JobPhase phase) => job.Record.Phases[(int)phase].PlannedSeconds!.Value - before[(int)phase].PlannedSeconds!.Value;
        Assert.InRange(Moved(JobPhase.Pretrain), 60, before[(int)JobPhase.Finetune].PlannedSeconds!.Value);
        Assert.Equal(-Moved(JobPhase.Pretrain), Moved(JobPhase.Finetune), 1e-6);
        Assert.Contains("its share went to pretraining", Assert.Single(job.Record.Notes).Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ThatLearnsNothing_SaysThatThePackageIsOfNoUse()
    {
        using var folder = new TemporaryFolder();
        JobSettings settings = Settings(folder);
        string same = folder.Write("same.tsv", "sentence\tlabel\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"the same tree\t{(i % 3 == 0 ? "no" : "yes")}\n")));
        using Job job = Job.Create(folder["job"], settings with { Train = same, Development = same, Test = same });
        RunReport report = job.Run(finish: true);
        Assert.Equal(40 / 60.0, report.Outcome!.Test!.Majority!.Value, 1e-9);
        Assert.Contains(report.Notes!, note => note.StartsWith("The package is of no use", StringComparison.Ordinal));
        Assert.Contains(report.Notes!, note => note.StartsWith("The test set is the training set", StringComparison.Ordinal));
        Assert.Equal(Path.Join(folder["job"], "package"), ModelSource.Find(folder["job"]));
    }

    [Fact]
    public void Create_WithInputThatCannotBeUsed_SaysSoBeforeAnythingIsWritten()
    {
        using var folder = new TemporaryFolder();
        JobSettings good = Settings(folder);
        string other = folder.Write("other.tsv", "sentence\tlabel\na tree\tbird\n");
        Assert.Throws<TextException>(() => Job.Create(folder["job"], good with { Corpus = [folder["missing.txt"]] }));
        Assert.Throws<TextException>(() => Job.Create(folder["job"], good with { Test = other }));
        Assert.Throws<ConfigurationException>(() => Job.Create(folder["job"], good with { Budget = TimeSpan.FromSeconds(1) }));
        Assert.Throws<ConfigurationException>(() => Job.Create(folder["job"], new JobSettings { Budget = good.Budget }));
        Assert.Throws<ConfigurationException>(() => Job.Create(
            folder["job"], new JobSettings { Corpus = [other], Budget = good.Budget, Limits = new DeploymentLimits(MaxLatency: TimeSpan.FromSeconds(1)) }));
        Assert.False(Directory.Exists(folder["job"]));
        Assert.Throws<RunException>(() => Job.Create(folder.Path, good));
        Assert.Throws<RunException>(() => Job.Resume(folder["job"]));
    }

    [Fact]
    public void Resume_WhileAnotherProcessWorks_IsRefused()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder));
        Assert.Throws<RunLockedException>(() => Job.Resume(folder["job"]));
    }

    [Fact]
    public void Read_OfADamagedRecord_SaysWhichFile()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write(JobRecord.FileName, "{\"format\":1");
        Assert.Contains(file, Assert.Throws<RunDamagedException>(() => JobRecord.Read(folder.Path)).Message, StringComparison.Ordinal);
    }

    // However busy the machine is.
    private static readonly PlanScope Planned = new() { Least = TimeSpan.MinValue, Sizes = [new(1, 16), new(1, 32)] };

    private static void Interrupt(Job job, Func<JobPhase, string, bool> when)
    {
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => job.Run(new Listener(p =>
        {
            if (when(p.Phase, p.Words))
            {
                stop.Cancel();
            }
        }), cancel: stop.Token));
    }

    private static JobSettings Settings(TemporaryFolder folder)
    {
        string set = SmallFinetuning.Data(folder);
        File.Copy(Path.Join(set, "train.tsv"), Path.Join(set, "test.tsv"));
        return new JobSettings
        {
            Train = Path.Join(set, "train.tsv"),
            Development = Path.Join(set, "dev.tsv"),
            Test = Path.Join(set, "test.tsv"),
            Budget = JobSettings.LeastBudget,
            Vocabulary = 300,
            MaximumTokens = 32,
            Threads = 1,
        };
    }
}
