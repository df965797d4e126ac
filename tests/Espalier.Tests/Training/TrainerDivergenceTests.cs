using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training;

/// <summary>What training does about a loss that is no good.</summary>
public class TrainerDivergenceTests : ScriptedTraining
{
    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Run_LossNotFinite_RollsBackWithALowerRateAndSaysSo(double bad)
    {
        // The first time at step 7, and not again.
        int visits = 0;
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(Device, i => i == 7 && visits++ == 0 ? bad : 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 12 }), run, Time);
        List<string> warnings = [];
        TrainingOutcome outcome = trainer.Run(new Collect(p => warnings.AddRange(p.Warning is { } warning ? [warning] : [])));
        Assert.EndsWith("at step 8: back to step 5, with 0.5 of the rate", Assert.Single(warnings));
        Assert.Equal((TrainingEnd.Finished, 12, 1, 0.5), (outcome.End, outcome.State.Step, outcome.State.Rollbacks, outcome.State.RateScale));
        IReadOnlyList<TrainingEvent> events = EventLog.Read(Folder["run/events.jsonl"]);
        TrainingEvent back = events.Single(e => e.Event == "rolled-back");
        Assert.Equal(5, back.Step);
        Assert.Contains("at step 8: back to step 5, with 0.5 of the rate", back.Message);
        Assert.True(float.IsFinite(objective.Weight));
    }

    [Fact]
    public void Run_DivergesAgainAndAgain_GoesFurtherBackThenGivesUpWithTheLastGoodModel()
    {
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(Device, i => i >= 11 ? double.NaN : 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 40 }), run, Time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Diverged, 5, 3, 0.125), (outcome.End, outcome.State.Step, outcome.State.Rollbacks, outcome.State.RateScale));
        Assert.Contains("take a lower learning rate. The model is that of step 5", outcome.Message);
        Assert.True(float.IsFinite(objective.Weight));
        IReadOnlyList<TrainingEvent> events = EventLog.Read(Folder["run/events.jsonl"]);

        // Step 10 leads straight into it, so it is step 5 the second time; then 10 is another one.
        Assert.Equal([10, 5, 10], events.Where(e => e.Event == "rolled-back").Select(e => (int)e.Step));

        // What was computed for nothing was computed: 12, 2, 7 and 2 steps.
        Assert.Equal((23 * 10, 23 * 2.0), (outcome.State.Tokens, outcome.State.Flops.Products));
        Assert.Equal("diverged", events[^1].Event);
    }

    [Fact]
    public void Run_GivesUpBehindACheckpointThatCannotBeMeasured_KeepsTheOneBeforeIt()
    {
        // Step 10 leads to weights that are no good, and they are saved before anybody knows.
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(Device, i => i >= 10 ? double.NaN : 1) { HeldOut = i => i >= 10 ? double.NaN : 1 };
        List<long> asked = [];
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 40 }) with
        {
            Divergence = new DivergencePolicy { MaximumRollbacks = 0 },
        }, run, Time)
        {
            KeepGoing = (state, _) =>
            {
                asked.Add(state.Step);
                return true;
            },
        };
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Diverged, 5, 1.0), (outcome.End, outcome.State.Step, outcome.Evaluation!.Loss));
        Assert.EndsWith("The model is that of step 5", outcome.Message);
        Assert.Equal([5], asked);
        Assert.Equal(5, run.Checkpoints.List()[^1].Step);
    }

    [Fact]
    public void Run_DivergesLateInATimeBudget_TrainsForTheRestOfIt()
    {
        int visits = 0;
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(Device, i => i == 250 && visits++ == 0 ? double.NaN : 1, Spend(1));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(360) }) with
        {
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 1000) },
        }, run, Time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Finished, 109, TimeSpan.FromSeconds(360)), (outcome.End, outcome.State.Step, outcome.State.Times.Training));
        Assert.Equal(3600, outcome.State.Tokens);
    }

    [Fact]
    public void Run_KilledAfterARollback_GoesOnAtTheLowerRate()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 12 });
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(Device, i => i == 7 ? double.NaN : 1))
        using (var trainer = new Trainer(objective, settings, run, Time))
        {
            var killed = new Collect(p => { if (p.State.Rollbacks == 1) throw new KilledException(); });
            Assert.Throws<KilledException>(() => trainer.Run(killed));
        }

        using RunDirectory again = RunDirectory.Open(Folder["run"]);
        using var resumed = new ScriptedObjective(Device, _ => 1);
        using var second = new Trainer(resumed, settings, again, Time);
        Assert.Equal((1, 0.5), (second.Run().State.Rollbacks, again.Checkpoints.List()[^1].State.RateScale));
        IReadOnlyList<TrainingEvent> events = EventLog.Read(Folder["run/events.jsonl"]);
        Assert.Single(events, e => e.Event == "rolled-back");

        // The weight tells whether the optimizer was given that rate too: with a constant gradient Adam moves by it at each step.
        double[] rates = [.. Enumerable.Range(0, 12).Select(step => (step < 5 ? 1 : 0.5) * settings.Schedule.Rate((step + 0.5) / 12, step))];
        Assert.Equal(rates[^1], events.Last(e => e.Event == "step").LearningRate!.Value, 1e-12);
        Assert.Equal(-rates.Sum(), resumed.Weight, 1e-4);
    }

    // Before there is an average to compare with.
    [Fact]
    public void Run_LossExplodesInTheFirstSteps_IsNoticed()
    {
        using var exploding = new ScriptedObjective(Device, i => i < 2 ? 3 : 500);
        using var trainer = new Trainer(exploding, Settings(new TrainingBudget { Steps = 200 }), time: Time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal(TrainingEnd.Diverged, outcome.End);
        Assert.InRange(outcome.State.Step, 19, 22);
    }

    [Fact]
    public void Run_LossExplodes_IsNoticedAndOneSpikeIsNot()
    {
        using var spiky = new ScriptedObjective(Device, i => i % 25 == 24 ? 9 : 3);
        using (var trainer = new Trainer(spiky, Settings(new TrainingBudget { Steps = 200 }), time: Time))
        {
            Assert.Equal(TrainingEnd.Finished, trainer.Run().End);
        }

        using var exploding = new ScriptedObjective(Device, i => i < 100 ? 3 : 7);
        using var second = new Trainer(exploding, Settings(new TrainingBudget { Steps = 200 }), time: Time);
        TrainingOutcome outcome = second.Run();
        Assert.Equal(TrainingEnd.Diverged, outcome.End);
        Assert.InRange(outcome.State.Step, 101, 120);
        Assert.Contains("the loss has risen", outcome.Message);
    }

    [Fact]
    public void Run_RolledBackBehindAFraction_StillHasTheModelOfIt()
    {
        int visits = 0;
        using RunDirectory run = Create();
        TrainAtFractions(run, new TrainingBudget { Time = TimeSpan.FromSeconds(40) }, i => i == 21 && visits++ < 2 ? double.NaN : 1, 0.5);
        Assert.Equal([20, 15], EventLog.Read(Folder["run/events.jsonl"]).Where(e => e.Event == "rolled-back").Select(e => (int)e.Step));
        Assert.Equal("20", File.ReadAllText(Folder["run/fractions/0.5/step"]));
    }

    [Fact]
    public void Run_RolledBack_CountsWhatThatTakesAsSaving()
    {
        int visits = 0;
        using RunDirectory run = RunDirectory.Create(Folder["run"], Manifest(), new SlowStorage(Time));
        using var objective = new ScriptedObjective(Device, i => i == 7 && visits++ == 0 ? double.NaN : 1, Spend(1));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 12 }), run, Time);
        PhaseTimes times = trainer.Run().State.Times;

        // Eight steps until it is noticed, and seven from step 5 on.
        Assert.Equal(TimeSpan.FromSeconds(15), times.Training);
        Assert.True(times.Saving > TimeSpan.Zero);
    }
}
