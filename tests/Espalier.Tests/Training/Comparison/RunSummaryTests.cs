using Espalier.Tests.Training.Finetuning;
using Espalier.Training;
using Espalier.Training.Comparison;
using Espalier.Training.Finetuning;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Comparison;

public class RunSummaryTests
{
    [Fact]
    public void In_RunsAmongOtherFolders_SumsUpRunsAndNamesTheRest()
    {
        using var folder = new TemporaryFolder();
        string data = SmallRun.Corpus(folder), runs = folder["runs"];
        using (PretrainingRun run = PretrainingRun.Create(Path.Join(runs, "a"), SmallRun.Configuration(data), new RunStorage(), _ => 1))
        {
            Assert.Equal("running", RunSummary.Of(Path.Join(runs, "a")).Phase);
            run.Train();
        }

        SmallFinetuning.Data(folder);
        using (FinetuningRun run = FinetuningRun.Create(Path.Join(runs, "b"), SmallFinetuning.Configuration(folder), new RunStorage(), _ => 1))
        {
            run.Train();
        }

        Directory.CreateDirectory(Path.Join(runs, "c"));
        File.WriteAllText(Path.Join(runs, "c", "run.json"), "{");
        Directory.CreateDirectory(Path.Join(runs, "d"));
        Directory.CreateDirectory(Path.Join(runs, "e"));
        File.WriteAllText(
            Path.Join(runs, "e", "run.json"), File.ReadAllText(Path.Join(runs, "a", "run.json")).Replace("\"pretraining\"", "\"baking\""));
        List<string> others = [];
        IReadOnlyList<RunSummary> found = RunSummary.In(runs, (path, why) => others.Add($"{Path.GetFileName(path)}: {why}"));
        Assert.Equal([("pretraining", "finished"), ("finetuning", "finished")], found.Select(r => (r.Kind, r.Phase)));
        Assert.Equal(["perplexity", "accuracy"], found.Select(r => r.Metric));
        Assert.Equal([SmallRun.Steps, 48], found.Select(r => (int)r.Steps));
        Assert.All(found, r => Assert.True(r is { Tokens: > 0, Parameters: > 0, Flops.Products: > 0, Value: > 0 }));
        Assert.All(found, r => Assert.Equal(1, r.PeakFraction!.Value / (r.Flops.Products / r.TrainingSeconds), 1e-6));
        Assert.Equal(3, others.Count);
        Assert.Contains("cannot be read", others[0]);
        Assert.Contains("there is no run here", others[1]);
        Assert.Contains("is a run of baking", others[2]);
    }

    // Two trials of 24 steps.
    [Theory]
    [InlineData(40, 1)]
    [InlineData(10, 0)]
    public void Of_FinetuningInterruptedInATrial_TellsHowManyHaveEnded(int stop, int trials)
    {
        using var folder = new TemporaryFolder();
        SmallFinetuning.Data(folder);
        using (FinetuningRun run = FinetuningRun.Create(folder["run"], SmallFinetuning.Configuration(folder), new RunStorage(), _ => 1))
        {
            using var cancel = new CancellationTokenSource();
            int steps = 0;
            run.Train(
                (_, _) => new Relay<TrainingProgress>(_ =>
                {
                    if (++steps == stop)
                        cancel.Cancel();
                }),
                cancel.Token);
        }

        RunSummary summary = RunSummary.Of(folder["run"]);
        Assert.Equal(("interrupted", trials, 2), (summary.Phase, summary.Trials, summary.TrialsOfGrid));
    }
}
