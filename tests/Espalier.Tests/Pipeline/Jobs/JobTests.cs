using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;
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
            Assert.Contains("| accuracy, test |", File.ReadAllText(Path.Join(folder["job"], "package", "README.md")), StringComparison.Ordinal);
            Assert.Equal(report.Outcome.Bytes, ReportFile.Read(Path.Join(folder["job"], ReportFile.Name)).Outcome!.Bytes);
        }

        // What stood on the disk when a phase began, or was at work, is what a process that was killed there left.
        Assert.Equal(Enum.GetValues<JobPhase>(), snapshots.Taken.Select(s => s.Phase).Distinct());
        foreach ((JobPhase phase, string path) in snapshots.Taken)
        {
            using Job resumed = Job.Resume(path);
            RunReport report = resumed.Run(finish: true);
            Assert.True(report.State == ReportState.Finished && report.Outcome?.Labels != null, $"killed in {phase}: {string.Join(" ", report.Notes!)}");
            Assert.Empty(report.Notes!);
            Assert.True(File.Exists(Path.Join(path, "package", "README.md")));
        }
    }

    [Fact]
    public void Run_WithoutLabels_PackagesAPretrainedEncoder()
    {
        using var folder = new TemporaryFolder();
        string text = folder.Write("text.txt", string.Concat(Enumerable.Range(0, 400).Select(i => $"the tree{i % 7} bears espalier{i % 11} növekszik {i}\n")));
        using Job job = Job.Create(folder["job"], new JobSettings { Corpus = [text], Budget = JobSettings.LeastBudget, Vocabulary = 300, Threads = 1 });
        RunReport report = job.Run(finish: true);
        Assert.Equal(PhaseState.Skipped, report.Phases![(int)JobPhase.Finetune].State);
        Assert.Null(report.Outcome!.Labels);
        Assert.NotNull(report.Outcome.HeldOutLoss);
        Assert.Equal(ModelHead.MaskedLanguageModel, ModelFolder.ReadHead(Path.Join(folder["job"], "package")));
    }

    [Fact]
    public void Run_WithAGoalThatNothingMeets_PackagesTheNearestAndSaysWhatWouldHaveToGive()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder) with { Limits = new DeploymentLimits(MaxBytes: 9_000) });
        RunReport report = job.Run(finish: true);
        Assert.NotEmpty(report.Outcome!.Missed!);
        Assert.Contains("raise --max-size by", Assert.Single(report.Notes!), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Join(folder["job"], "package", "model.safetensors")));
    }

    [Fact]
    public void Run_WhoseFinetuningFails_PackagesTheEncoderAndSaysSo()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder));

        RunReport report = job.Run(new Meanwhile(JobPhase.Finetune, () => File.Delete(folder["set/dev.tsv"])), finish: true);
        Assert.Equal(PhaseState.Failed, report.Phases![(int)JobPhase.Finetune].State);
        Assert.NotEmpty(report.Notes!);
        Assert.NotNull(report.Outcome!.HeldOutLoss);
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

    private static JobSettings Settings(TemporaryFolder folder)
    {
        string set = SmallFinetuning.Data(folder);
        return new JobSettings
        {
            Train = Path.Join(set, "train.tsv"),
            Development = Path.Join(set, "dev.tsv"),
            Test = Path.Join(set, "dev.tsv"),
            Budget = JobSettings.LeastBudget,
            Vocabulary = 300,
            MaximumTokens = 32,
            Threads = 1,
        };
    }

    /// <summary>Does something when a phase begins.</summary>
    private sealed class Meanwhile(JobPhase phase, Action act) : IProgress<JobProgress>
    {
        public void Report(JobProgress value)
        {
            if (value.Phase == phase)
            {
                act();
            }
        }
    }

    /// <summary>Copies the job's folder while its thread waits: at the beginning of each phase, and once in it.</summary>
    private sealed class Snapshots(string job, string to) : IProgress<JobProgress>
    {
        private readonly Dictionary<JobPhase, int> _told = [];

        public List<(JobPhase Phase, string Path)> Taken { get; } = [];

        public void Report(JobProgress value)
        {
            int told = _told[value.Phase] = _told.GetValueOrDefault(value.Phase) + 1;
            if (told is not (1 or 8))
            {
                return;
            }

            string path = System.IO.Path.Join(to, $"{value.Phase}-{told}");
            foreach (string made in Directory.GetDirectories(job, "*", SearchOption.AllDirectories))
            {
                Directory.CreateDirectory(System.IO.Path.Join(path, System.IO.Path.GetRelativePath(job, made)));
            }

            Directory.CreateDirectory(path);
            foreach (string file in Directory.GetFiles(job, "*", SearchOption.AllDirectories).Where(f => System.IO.Path.GetFileName(f) != ".lock"))
            {
                string copy = System.IO.Path.Join(path, System.IO.Path.GetRelativePath(job, file));
                try
                {
                    using var source = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                    using FileStream target = File.Create(copy);
                    source.CopyTo(target);
                }
                catch (FileNotFoundException)
                {
                    // The clock is saved on another thread: its temporary file has become job.json.
                }
            }

            Taken.Add((value.Phase, path));
        }
    }
}
