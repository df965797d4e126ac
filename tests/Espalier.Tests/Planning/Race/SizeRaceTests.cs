using System.Text.Json;
using Espalier.Pipeline.Plans;
using Espalier.Planning.Curves;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;

namespace Espalier.Tests.Planning.Race;

public class SizeRaceTests
{
    private const double Budget = 600;

    private static readonly Workload Work = new(8192, 128, 2048, 512, 0.15, 40_000_000);
    private static readonly CostModel Cost = new(Work, 1e11);
    private static readonly ModelSize[] Sizes = [new(1, 64), new(1, 128), new(2, 128), new(3, 192), new(4, 256), new(6, 384)];

    [Fact]
    public void Race_SeveralWorlds_ChoosesNearTheBestAndLosesLittle()
    {
        foreach (int seed in Drawn.Of(12, 3))
        {
            SizeRace race = Run(SizeRace.Begin(Sizes, Cost, Work, Budget), seed, out double spent);
            SizePlan plan = race.Decide();
            double[] ends = [.. Sizes.Select(size => Law(size, seed, AtFullRate(Budget, Budget, size)))];
            double left = Budget - plan.LostSeconds, chosen = Law(plan.Chosen.Size, seed, AtFullRate(left, left, plan.Chosen.Size));
            Assert.True(chosen <= ends.Min() * 1.02, $"world {seed}: {plan.Chosen.Size} ends at {chosen:F3}, the best at {ends.Min():F3}");
            Assert.True(plan.LostSeconds <= SizeRace.MostWaste * Budget, $"world {seed}: {plan.LostSeconds:F1} s were lost");
            Assert.Equal(spent, plan.Candidates.Sum(c => c.RacedSeconds), 6);
        }
    }

    [Fact]
    public void Race_KilledAfterEverySlice_GoesOnToTheSameEnd()
    {
        UsualFall usual = new(0.115, 0.02);
        SizeRace whole = Run(SizeRace.Begin(Sizes, Cost, Work, Budget, usual: usual), 3, out _);
        SizeRace race = SizeRace.Begin(Sizes, Cost, Work, Budget, usual: usual);
        while (race.Next() is { } slice)
        {
            Train(race, slice, 3);
            race = SizeRace.Resume(JsonSerializer.Deserialize(Json(race), PlanJson.Default.RaceState)!);
        }
        Assert.Equal(Json(whole), Json(race));
        Assert.Equal(whole.Decide().Explain(), race.Decide().Explain());

        // What is usual is in the forecasts, and decides nothing.
        SizePlan plan = race.Decide(), own = Run(SizeRace.Begin(Sizes, Cost, Work, Budget), 3, out _).Decide();
        Assert.Equal(own.Candidates.Select(c => (c.Size, c.RacedSeconds, c.Stopped)), plan.Candidates.Select(c => (c.Size, c.RacedSeconds, c.Stopped)));
        Assert.All(own.Candidates.Zip(plan.Candidates), pair => Assert.NotEqual(pair.First.Loss, pair.Second.Loss));
        Assert.Contains("other runs went on", plan.Explain()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Race_SizeThatOverfits_Loses()
    {
        ModelSize large = Sizes[3];
        SizeRace race = SizeRace.Begin(Sizes, Cost, Work, Budget);
        while (race.Next() is { } slice)
        {
            // The large one learns the data by heart: ahead at first, then worse and worse.
            Train(race, slice, 1, (size, steps, loss) => size == large ? 2 + (5 / (1 + (steps / 5))) + (steps / 30) : loss);
        }
        Assert.NotEqual(large, race.Decide().Chosen.Size);
        Assert.NotNull(race.State.Racers.Single(r => r.Size == large).Stopped);
    }

    [Fact]
    public void Race_CandidateThatDiverges_IsStoppedAndTheRaceGoesOn()
    {
        SizeRace race = SizeRace.Begin(Sizes[..2], Cost, Work, Budget);
        RaceSlice first = race.Next()!;
        race.Report(first.Candidate, 10, first.Seconds, [new(10, double.NaN)]);
        Assert.Null(race.Next());
        Assert.Contains("finite", race.State.Racers[first.Candidate].Stopped, StringComparison.Ordinal);
        Assert.False(race.CanDecide);
        race.Report(1 - first.Candidate, 10, 1, [new(10, 5)]);
        Assert.Equal(race.State.Racers[1 - first.Candidate].Size, race.Decide().Chosen.Size);
    }

    [Fact]
    public void Race_MeasuringTookAllThatMayBeLost_DecidesByWhatIsKnown()
    {
        SizeRace race = SizeRace.Begin(Sizes, Cost, Work, Budget, alreadyLost: 0.2 * Budget);
        Assert.Null(race.Next());
        race.Report(2, 10, 5, [new(10, 6)]);
        race.Lose(1);
        Assert.Null(race.Next());
        Assert.Equal(Sizes[2], race.Decide().Chosen.Size);
    }

    [Fact]
    public void Race_TwoCandidates_TrainForEqualTimes()
    {
        SizeRace race = Run(SizeRace.Begin(Sizes[2..4], Cost, Work, Budget), 1, out _);
        double[] seconds = [.. race.State.Racers.Select(r => r.Seconds)];
        Assert.Equal(seconds[0], seconds[1], 1.0);
        Assert.InRange(seconds.Min(), 0.1 * Budget, SizeRace.MostWaste * Budget);
    }

    [Theory]
    [InlineData(0.001, 0.005, true)]
    [InlineData(0.015, 0.005, false)]
    [InlineData(0.015, 0.1, true)]
    [InlineData(0.05, 0.5, false)]
    public void Decide_LargerOneWorse_IsTakenOnlyIfThatMayBeChance(double worse, double noise, bool taken)
    {
        SizeRace race = SizeRace.Begin(Sizes[1..3], Cost, Work, Budget);
        for (int i = 0; i < 2; i++)
        {
            var random = new Random(i);
            CurvePoint[] points = [.. Enumerable.Range(1, 8).Select(n => new CurvePoint(50 * n, (3 + (20 / Math.Sqrt((50 * n) + 40))) * (1 + (i * worse))))];
            // Seven parts, so that their mean's error is near a third of what they scatter by.
            LossPart[] parts = [.. Enumerable.Range(0, 7).Select(_ => new LossPart(100, 100 * (4 + (3 * noise * random.NextDouble()))))];
            race.Report(i, 400, 10, points, parts);
        }
        SizePlan plan = race.Decide();
        Assert.Equal(taken ? Sizes[2] : Sizes[1], plan.Chosen.Size);
        Assert.NotNull(plan.RunnerUp!.DifferenceError);
        Assert.Equal(700, plan.Predictions);
    }

    [Fact]
    public void Decide_AllOnThePlateauOfWordFrequencies_DoesNotTakeTheSmallest()
    {
        // Three runs of ten minutes on English after two of them: the smallest leads. They ended at 6.127, 5.425 and 6.342.
        (ModelSize Size, long Steps, CurvePoint Point)[] runs = [(new(2, 64), 3829, new(3340, 6.232)), (new(2, 128), 1041, new(907, 6.318)), (new(4, 256), 128, new(112, 6.610))];
        SizeRace race = SizeRace.Begin([.. runs.Select(r => r.Size)], Cost, Work, 840, contextFreeLoss: 6.861);
        foreach ((ModelSize size, long steps, CurvePoint point) in runs)
            race.Report(race.State.Racers.ToList().FindIndex(r => r.Size == size), steps, 120, [point]);
        SizePlan plan = race.Decide();
        Assert.Equal(new ModelSize(2, 128), plan.Chosen.Size);
        Assert.Contains("plateau", string.Join('\n', plan.Explain()), StringComparison.Ordinal);
        Assert.InRange(5.425, plan.Chosen.Loss.Low, plan.Chosen.Loss.High);

        // What has left the plateau, and goes on in a law, has shown something.
        race.Report(0, 1200, 60, [.. Enumerable.Range(0, 8).Select(i => new CurvePoint(3600 + (150 * i), 3.5 + (2.5 * Math.Pow(1 + (0.15 * i), -0.4))))]);
        Assert.Equal(new ModelSize(2, 64), race.Decide().Chosen.Size);
    }

    [Fact]
    public void Forecast_FewPredictions_IsWiderThanTheCurveAlone()
    {
        LossForecast Of(IReadOnlyList<LossPart>? parts)
        {
            SizeRace race = SizeRace.Begin(Sizes[..2], Cost, Work, Budget);
            race.Report(0, 400, 10, [.. Enumerable.Range(1, 8).Select(n => new CurvePoint(50 * n, 3 + (20 / Math.Sqrt((50 * n) + 40))))], parts);
            return race.Forecast(0)!.Value;
        }
        LossForecast alone = Of(null), sampled = Of([new LossPart(100, 350), new LossPart(100, 400), new LossPart(100, 450)]);
        Assert.Equal(alone.Loss, sampled.Loss);
        Assert.True(sampled.Low < alone.Low - 0.1 && sampled.High > alone.High + 0.1, $"{alone}, {sampled}");
    }

    [Fact]
    public void Race_SingleCandidate_HasNothingToRun() => Assert.Null(SizeRace.Begin(Sizes[..1], Cost, Work, Budget).Next());

    [Fact]
    public void Explain_AfterARace_NamesTheChoiceTheRunnerUpAndTheCost()
    {
        SizePlan plan = Run(SizeRace.Begin(Sizes, Cost, Work, Budget), 0, out _).Decide();
        string text = string.Join('\n', plan.Explain());
        Assert.StartsWith($"{plan.Chosen.Size} (layers × hidden): a held-out loss of ", text, StringComparison.Ordinal);
        Assert.Contains($"The runner-up, {plan.RunnerUp!.Size}, would give ", text, StringComparison.Ordinal);
        Assert.Contains("% of the budget", text, StringComparison.Ordinal);
        Assert.Contains("was stopped after", text, StringComparison.Ordinal);
    }

    private static string Json(SizeRace race) => JsonSerializer.Serialize(race.State, PlanJson.Default.RaceState);

    private static SizeRace Run(SizeRace race, int world, out double spent)
    {
        spent = 0;
        for (int slices = 0; race.Next() is { } slice; slices++)
        {
            Assert.True(slices < 100, "the race does not end");
            spent += Train(race, slice, world);
        }
        return race;
    }

    private static double Train(SizeRace race, RaceSlice slice, int world, Func<ModelSize, double, double, double>? change = null)
    {
        double step = Cost.StepSeconds(slice.Size);
        long before = race.State.Racers[slice.Candidate].Steps, steps = Math.Max(1, (long)(slice.Seconds / step));
        CurvePoint[] points =
        [
            .. Enumerable.Range(1, 5).Select(i => before + (steps * i / 5)).Where(s => s > before).Distinct().Select(s =>
            {
                double full = AtFullRate(s * step, Budget, slice.Size);
                double loss = Law(slice.Size, world, full) + (0.005 * Curves.LearningCurveTests.Normal(new Random((int)s + world)));
                return new CurvePoint(full, change?.Invoke(slice.Size, s, loss) ?? loss);
            }),
        ];
        race.Report(slice.Candidate, steps, steps * step, points);
        return steps * step;
    }

    // Steps, each for as much as its part of the peak rate, which falls in a line to zero.
    private static double AtFullRate(double seconds, double whole, ModelSize size)
        => (seconds - (seconds * seconds / (2 * whole))) / Cost.StepSeconds(size);

    // Larger models have a lower floor and learn more in a step.
    private static double Law(ModelSize size, int world, double steps)
    {
        double weights = size.LayerWeights;
        return 1.5 + (world % 3 * 0.2) + ((10 + world) * Math.Pow(weights, -0.2)) + (9 * Math.Pow(weights, -0.05) * Math.Pow((steps + 40) / 40, -0.4));
    }
}
