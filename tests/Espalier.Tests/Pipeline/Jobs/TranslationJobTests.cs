using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Inference;
using Espalier.Pipeline.Jobs;
using Espalier.Pipeline.Reports;
using Espalier.Planning.Sizes;
using Espalier.Tests.Training.Translation;
using Espalier.Text;
using Espalier.Text.Bitext;

namespace Espalier.Tests.Pipeline.Jobs;

public class TranslationJobTests
{
    // However busy the machine is.
    private static readonly PlanScope Planned = new() { Least = TimeSpan.MinValue, Sizes = [new(1, 32), new(1, 64)] };

    [Fact]
    public void Run_StoppedInTheRaceAndInTraining_GoesOnToATranslationPackageAndAReport()
    {
        using var folder = new TemporaryFolder();
        JobSettings settings = Settings(folder) with { Limits = new DeploymentLimits(MaxBytes: 120_000) };
        using (Job job = Job.Create(folder["job"], settings))
        {
            Assert.Equal(
                ["prepare", "plan", "train", "compress", "choose", "package", "report"], job.Record.Phases.Where(JobSchedule.Has).Select(p => p.Name));
            Interrupt(job, (phase, words) => phase == JobPhase.Plan && words.StartsWith("racing", StringComparison.Ordinal));
        }

        Directory.Move(folder["job"], folder["moved"]);
        using (Job job = Job.Resume(folder["moved"]))
        {
            Interrupt(job, (phase, words) => phase == JobPhase.Pretrain && words.Contains("step", StringComparison.Ordinal));
            Assert.StartsWith("plan/1x", job.Record.Pretrained, StringComparison.Ordinal);
        }

        using (Job job = Job.Resume(folder["moved"]))
        {
            RunReport report = job.Run(finish: true);
            Assert.All(report.Phases!, phase => Assert.Equal(PhaseState.Done, phase.State));
            Assert.Collection(
                report.Notes!, note => Assert.StartsWith("1 pairs left out because a side has more than 24 tokens", note, StringComparison.Ordinal),
                note => Assert.StartsWith("1 of the 13 pairs of the test set have a side without text", note, StringComparison.Ordinal));
            Assert.All(report.Plan!.Candidates, c => Assert.Contains(new ModelSize(c.Layers, c.Hidden), Planned.Sizes!));
            Assert.All(report.Plan.Candidates, c => Assert.True(c.Loss > 0 && double.IsFinite(c.Loss.Value)));
            ReportOutcome outcome = report.Outcome!;
            Assert.Empty(outcome.Missed!);
            Assert.Equal((12, 4), (outcome.TestTranslation!.Sentences, outcome.TestTranslation.Beam));
            Assert.True(outcome.LatencySeconds > 0 && outcome.UncompressedLatencySeconds > 0 && outcome.UncompressedBytes > outcome.Bytes);

            // On one set of sentences: what compression lost is the difference.
            Assert.Equal(12, outcome.DevelopmentTranslation!.Sentences);
            Assert.Equal(report.Grid!.Cells.Single(c => c.Name == report.ChosenCell).Measures!.Quality, outcome.DevelopmentTranslation.Bleu, 9);

            string package = Path.Join(folder["moved"], "package"), card = File.ReadAllText(Path.Join(package, "README.md"));
            Assert.Equal(Directory.GetFiles(package).Sum(file => new FileInfo(file).Length), outcome.Bytes);
            Assert.Contains("| BLEU, test |", card, StringComparison.Ordinal);
            Assert.Contains("pipeline_tag: translation", card, StringComparison.Ordinal);

            // What is shown is what the package says.
            using Translator translator = Translator.Open(package, threads: 1);
            ReportTranslation shown = report.Translations!.Shown[0];
            Assert.Equal(File.ReadLines(folder["test.a"]).First(), shown.Source);
            Assert.Equal(translator.Translate(shown.Source), shown.Translation);
            Assert.Contains(
                $"<blockquote dir=\"auto\">{shown.Reference}</blockquote>", File.ReadAllText(Path.Join(folder["moved"], "report.html")), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Create_PairsThatCannotBeUsed_SaysSoBeforeAnythingIsWritten()
    {
        using var folder = new TemporaryFolder();
        JobSettings good = Settings(folder);
        string shorter = folder.Write("short.b", "xone\n");
        Assert.Contains(
            "short.b 1; line n of one must translate line n of the other",
            Assert.Throws<ConfigurationException>(() => Job.Create(
                folder["job"], good with { Translation = good.Translation! with { TestTarget = shorter } })).Message, StringComparison.Ordinal);
        Assert.Throws<TextException>(() => Job.Create(
            folder["job"], good with { Translation = good.Translation! with { DevelopmentSource = folder["missing"] } }));
        Assert.Throws<ConfigurationException>(() => Job.Create(folder["job"], good with { Corpus = [shorter] }));
        Assert.Throws<ConfigurationException>(() => Job.Create(folder["job"], good with { Train = shorter }));
        Assert.False(Directory.Exists(folder["job"]));
    }

    [Fact]
    public void Run_DevelopmentSetGoneBeforeThePackage_PackagesAllTheSame()
    {
        using var folder = new TemporaryFolder();
        using Job job = Job.Create(folder["job"], Settings(folder));
        job.Scope = Planned;
        RunReport report = job.Run(
            new Listener(p =>
            {
                if (p.Phase == JobPhase.Package)
                {
                    File.Delete(folder["dev.b"]);
                }
            }), finish: true);
        Assert.Equal(PhaseState.Done, report.Phases!.Single(p => p.Name == "package").State);
        Assert.Contains(report.Notes!, n => n.Contains("--source FILE --references FILE", StringComparison.Ordinal));
        Assert.Null(report.Outcome!.DevelopmentTranslation);
        Assert.Equal(12, report.Outcome.TestTranslation!.Sentences);
        Assert.Contains("beam 4</div>", File.ReadAllText(folder["job/report.html"]), StringComparison.Ordinal);
        Assert.Contains("pipeline_tag: translation", File.ReadAllText(folder["job/package/README.md"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_WithoutDevelopmentSet_HoldsPairsOutAndNeverTakesOthersForThem(bool grows)
    {
        using var folder = new TemporaryFolder();
        JobSettings settings = Settings(folder);
        settings = settings with { Translation = settings.Translation! with { DevelopmentSource = null, DevelopmentTarget = null } };
        using (Job job = Job.Create(folder["job"], settings))
        {
            Interrupt(job, (phase, words) => phase == JobPhase.Pretrain && words.Contains("step", StringComparison.Ordinal));
        }

        using (Job job = Job.Resume(folder["job"]))
        {
            RunReport report = job.Run(
                new Listener(p =>
                {
                    if (grows && p.Phase == JobPhase.Package)
                    {
                        File.AppendAllText(folder["train.a"], "one\n");
                        File.AppendAllText(folder["train.b"], "xone\n");
                    }
                }), finish: true);
            Assert.Equal(PhaseState.Done, report.Phases!.Single(p => p.Name == "package").State);
            Assert.Equal(grows ? null : 16, report.Outcome!.DevelopmentTranslation?.Sentences);
            Assert.Equal(grows, report.Notes!.Any(n => n.Contains("does not hold as many pairs", StringComparison.Ordinal)));
            Assert.Contains("- development: some of the training pairs, held out", File.ReadAllText(folder["job/package/README.md"]), StringComparison.Ordinal);
        }
    }

    private static void Interrupt(Job job, Func<JobPhase, string, bool> when)
    {
        using var stop = new CancellationTokenSource();
        job.Scope = Planned;
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
        SmallTranslation.Data(folder);
        File.Copy(folder["dev.a"], folder["test.a"]);
        File.Copy(folder["dev.b"], folder["test.b"]);
        File.AppendAllText(folder["test.a"], "one\n");
        File.AppendAllText(folder["test.b"], "\n");

        // Too long to be measured by.
        string longer = string.Join(' ', Enumerable.Repeat("one", 40)) + "\n";
        File.AppendAllText(folder["dev.a"], longer);
        File.AppendAllText(folder["dev.b"], longer);
        return new JobSettings
        {
            Translation = new ParallelCorpus
            {
                TrainSource = [folder["train.a"]],
                TrainTarget = [folder["train.b"]],
                DevelopmentSource = folder["dev.a"],
                DevelopmentTarget = folder["dev.b"],
                TestSource = folder["test.a"],
                TestTarget = folder["test.b"],
            },
            Budget = JobSettings.LeastBudget,
            Vocabulary = 290,
            MaximumTokens = 24,
            Threads = 1,
        };
    }
}
