using System.Text.Json;
using Espalier.Pipeline.Plans;
using Espalier.Planning.Sizes;
using Espalier.Tests.Text;
using Espalier.Tests.Training;
using Espalier.Text.Corpora;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Plans;

public class PlanRunTests
{
    private static readonly ModelSize[] Sizes = [new(1, 16), new(2, 16), new(1, 32)];

    [Fact]
    public void Execute_InterruptedInTheRace_GoesOnToAPlanWhoseChoiceCanBeResumed()
    {
        using var folder = new TemporaryFolder();
        PlanSettings settings = Settings(SmallRun.Corpus(folder), 30);
        string plan = folder["plan"];
        using (var stop = new CancellationTokenSource())
        {
            var interrupt = new Listener(p =>
            {
                if (p.Training != null)
                    stop.Cancel();
            });
            Assert.Throws<OperationCanceledException>(() => PlanRun.Execute(settings, plan, interrupt, stop.Token));
        }
        PlanResult result = PlanRun.Execute(settings, plan);
        // On a machine that is busy with other things there may be no time for all of them.
        Assert.Subset(Sizes.ToHashSet(), result.Plan.Candidates.Select(c => c.Size).ToHashSet());
        Assert.All(result.Plan.Candidates, c => Assert.True(c.Loss.Low <= c.Loss.Loss && c.Loss.Loss <= c.Loss.High && c.Loss.Loss > 0, $"{c}"));
        Assert.All(result.Sizes, s => Assert.True(s.Parameters > 0 && s.MemoryBytes > 4 * sizeof(float) * s.Parameters && Directory.Exists(s.RunDirectory)));
        Assert.Equal(result.Plan.Chosen.Size, result.Sizes[0].Size);
        Assert.NotEmpty(result.Plan.Explain());

        long events = new FileInfo(Path.Join(result.RunDirectory, RunDirectory.EventsName)).Length;
        Assert.Equal(result.Plan.Explain(), PlanRun.Execute(settings, plan).Plan.Explain());
        Assert.Equal(events, new FileInfo(Path.Join(result.RunDirectory, RunDirectory.EventsName)).Length);
        Assert.Throws<RunMismatchException>(() => PlanRun.Execute(settings with { Seed = 7 }, plan));

        long before = EventLog.Read(Path.Join(result.RunDirectory, RunDirectory.EventsName))[^1].Step;
        using PretrainingRun run = PretrainingRun.Resume(result.RunDirectory, (budget, spent) => budget with { Steps = spent.Steps + 3 });
        Assert.Equal(before + 3, run.Train().State.Step);
    }

    [Fact]
    public void Verify_EverySize_IsTrainedOnAndSetBesideItsForecast()
    {
        using var folder = new TemporaryFolder();
        PlanSettings settings = Settings(SmallRun.Corpus(folder), 3) with { Sizes = Sizes[..2] };
        Assert.Throws<RunException>(() => PlanVerification.Execute(folder["plan"]));
        PlanResult result = PlanRun.Execute(settings, folder["plan"]);
        PlanVerification verification = PlanVerification.Execute(folder["plan"]);
        Assert.Equal(result.Sizes.Select(s => s.Size), verification.Sizes.Select(s => s.Size));
        Assert.Equal(verification.Sizes.Min(s => s.Loss), verification.Best.Loss);
        Assert.Single(verification.Sizes.Select(s => s.Predictions).Distinct());
        Assert.All(verification.Sizes, s => Assert.True(s.Loss > 0 && double.IsFinite(s.Error), $"{s}"));
        // What has ended is not trained again.
        Assert.Equal(verification.Sizes.Select(s => s.Steps), PlanVerification.Execute(folder["plan"]).Sizes.Select(s => s.Steps));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"budgetSeconds":1,"wasteSeconds":1,"batchTokens":1,"racers":[]}""")]
    public void Read_DamagedRace_SaysSo(string race)
    {
        using var folder = new TemporaryFolder();
        string settings = JsonSerializer.Serialize(Settings("data", 30), PlanJson.Default.PlanSettings);
        folder.Write("plan.json", $$"""{"settings":{{settings}},"race":{{race}}}""");
        Assert.Contains("the state of the race is damaged", Assert.Throws<RunDamagedException>(
            () => PlanRecord.Read(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_NothingHeldOut_SaysSo()
    {
        using var folder = new TemporaryFolder();
        string text = folder.Write("corpus.txt", string.Join('\n', TestTokenizer.Lines.Take(50)));
        new CorpusPreparation(TestTokenizer.Instance, new CorpusPreparationOptions { HeldOutFraction = 0 }).Run([text], folder["data"]);
        Assert.Contains("holds nothing out", Assert.Throws<RunException>(
            () => PlanRun.Execute(Settings(folder["data"], 30), folder["plan"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Execute_SizeGoal_KeepsToSizesThatCanBeMadeToFit()
    {
        using var folder = new TemporaryFolder();
        PlanSettings settings = Settings(SmallRun.Corpus(folder, 60), 60) with { Sizes = null, Candidates = 9 };
        CandidateChoice free = Choose(settings);
        CandidateChoice bound = Choose(settings with { Limits = new(MaxBytes: 1) });
        Assert.All(bound.Sizes, size => Assert.Equal(64, size.Hidden));
        Assert.True(free.Sizes.Max(s => s.LayerWeights) >= bound.Sizes.Max(s => s.LayerWeights));
    }

    private static CandidateChoice Choose(PlanSettings settings) => CandidateChoice.Of(settings, TrainingTask.Of(settings));

    private static PlanSettings Settings(string data, double seconds) => new()
    {
        Data = data,
        Budget = TimeSpan.FromSeconds(seconds),
        Threads = 1,
        Sizes = Sizes,
        Learning = new PlanLearning { BatchBlocks = 8, BlockTokens = 16 },
    };

    private sealed class Listener(Action<PlanProgress> tell) : IProgress<PlanProgress>
    {
        public void Report(PlanProgress value) => tell(value);
    }
}
