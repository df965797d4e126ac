using System.Text.Json;
using Espalier.Engine.Devices;
using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training;

public sealed class TrainerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(1);
    private readonly ManualTime _time = new();

    [Fact]
    public void Run_TimeBudget_CountsStepsAloneAndEndsAtTheEndOfTheDecay()
    {
        using var objective = new ScriptedObjective(_device, _ => 1, Spend(2), Spend(50));
        List<double> fractions = [];
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(60) }) with
        {
            Evaluation = new Interval(Steps: 10),
        }, time: _time);
        TrainingOutcome outcome = trainer.Run(new Collect(p => fractions.Add(p.Fraction)));
        Assert.Equal((TrainingEnd.Finished, 30, TimeSpan.FromSeconds(60)), (outcome.End, outcome.State.Step, outcome.State.Times.Training));
        Assert.Equal(TimeSpan.FromSeconds(150), outcome.State.Times.Evaluation);
        Assert.Equal(3, objective.Evaluations);
        Assert.Equal(1, fractions[^1]);

        // Adam with a constant gradient moves by the rate at each step: together the area under warm-up and decay.
        Assert.Equal(-30 * 0.5f * 1e-2f, objective.Weight, 0.004f);
    }

    [Fact]
    public void Run_Resumed_KeepsTheTimeSpentWithoutDowntime()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(20) });
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(_device, _ => 1, Spend(2)))
        using (var trainer = new Trainer(objective, settings, run, _time))
        using (var cancel = new CancellationTokenSource())
        {
            Assert.Equal(TrainingEnd.Interrupted, trainer.Run(new Collect(p => { if (p.State.Step == 4) cancel.Cancel(); }), cancel.Token).End);
        }

        _time.Advance(TimeSpan.FromDays(1));
        using RunDirectory again = RunDirectory.Open(_folder["run"]);
        using var resumed = new ScriptedObjective(_device, _ => 1, Spend(2));
        using var second = new Trainer(resumed, settings, again, _time);
        TrainingOutcome outcome = second.Run();
        Assert.Equal((10, TimeSpan.FromSeconds(20)), (outcome.State.Step, outcome.State.Times.Training));
    }

    [Fact]
    public void Run_ProcessSuspendedWithinAStep_DoesNotCountThatTimeAndSaysSo()
    {
        using RunDirectory run = Create();
        int steps = 0;
        using var objective = new ScriptedObjective(_device, _ => 1, () =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            if (++steps == 5)
            {
                _time.Suspend(TimeSpan.FromMinutes(10));
            }

            _time.Advance(TimeSpan.FromSeconds(1));
        });
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(60) }), run, _time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal(30, outcome.State.Step);
        Assert.Equal(60, outcome.State.Times.Training.TotalSeconds, 1.0);
        TrainingEvent suspended = EventLog.Read(_folder["run/events.jsonl"]).Single(e => e.Event == "suspended");
        Assert.Equal(5, suspended.Step);
        Assert.Contains("stood still for", suspended.Message);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Run_LossNotFinite_RollsBackWithALowerRateAndSaysSo(double bad)
    {
        // The first time at step 7, and not again.
        int visits = 0;
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(_device, i => i == 7 && visits++ == 0 ? bad : 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 12 }), run, _time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Finished, 12, 1, 0.5), (outcome.End, outcome.State.Step, outcome.State.Rollbacks, outcome.State.RateScale));
        IReadOnlyList<TrainingEvent> events = EventLog.Read(_folder["run/events.jsonl"]);
        TrainingEvent back = events.Single(e => e.Event == "rolled-back");
        Assert.Equal(5, back.Step);
        Assert.Contains("at step 8: back to step 5, with 0.5 of the rate", back.Message);
        Assert.True(float.IsFinite(objective.Weight));
    }

    [Fact]
    public void Run_DivergesAgainAndAgain_GoesFurtherBackThenGivesUpWithTheLastGoodModel()
    {
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(_device, i => i >= 11 ? double.NaN : 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 40 }), run, _time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Diverged, 5, 3, 0.125), (outcome.End, outcome.State.Step, outcome.State.Rollbacks, outcome.State.RateScale));
        Assert.Contains("Take a lower learning rate", outcome.Message);
        Assert.True(float.IsFinite(objective.Weight));
        IReadOnlyList<TrainingEvent> events = EventLog.Read(_folder["run/events.jsonl"]);

        // Step 10 leads straight into it, so it is step 5 the second time; then 10 is another one.
        Assert.Equal([10, 5, 10], events.Where(e => e.Event == "rolled-back").Select(e => (int)e.Step));

        // What was computed for nothing was computed: 12, 2, 7 and 2 steps.
        Assert.Equal((23 * 10, 23 * 2.0), (outcome.State.Tokens, outcome.State.Flops.Products));
        Assert.Equal("diverged", events[^1].Event);
    }

    [Fact]
    public void Run_DivergesLateInATimeBudget_TrainsForTheRestOfIt()
    {
        int visits = 0;
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(_device, i => i == 250 && visits++ == 0 ? double.NaN : 1, Spend(1));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(360) }) with
        {
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 1000) },
        }, run, _time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Finished, 109, TimeSpan.FromSeconds(360)), (outcome.End, outcome.State.Step, outcome.State.Times.Training));
        Assert.Equal(3600, outcome.State.Tokens);
    }

    [Fact]
    public void Run_KilledAfterARollback_GoesOnAtTheLowerRate()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 12 });
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(_device, i => i == 7 ? double.NaN : 1))
        using (var trainer = new Trainer(objective, settings, run, _time))
        {
            var killed = new Collect(p => { if (p.State.Rollbacks == 1) throw new KilledException(); });
            Assert.Throws<KilledException>(() => trainer.Run(killed));
        }

        using RunDirectory again = RunDirectory.Open(_folder["run"]);
        using var resumed = new ScriptedObjective(_device, _ => 1);
        using var second = new Trainer(resumed, settings, again, _time);
        Assert.Equal((1, 0.5), (second.Run().State.Rollbacks, again.Checkpoints.List()[^1].State.RateScale));
        Assert.Single(EventLog.Read(_folder["run/events.jsonl"]), e => e.Event == "rolled-back");
    }

    [Fact]
    public void Run_CancelledInAnEvaluation_MakesUpForItAndForTheCheckpointDueThen()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 30 }) with
        {
            Evaluation = new Interval(Steps: 9),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 1000), Fractions = [0.3] },
        };
        using var cancel = new CancellationTokenSource();
        Action cancelled = () =>
        {
            cancel.Cancel();
            throw new OperationCanceledException(cancel.Token);
        };
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(_device, _ => 1, evaluate: cancelled))
        using (var trainer = new Trainer(objective, settings, run, _time))
        {
            Assert.Equal(TrainingEnd.Interrupted, trainer.Run(cancel: cancel.Token).End);
        }

        List<long> asked = [];
        using RunDirectory again = RunDirectory.Open(_folder["run"]);
        using var resumed = new ScriptedObjective(_device, _ => 1);
        using var second = new Trainer(resumed, settings, again, _time)
        {
            KeepGoing = (state, _) =>
            {
                asked.Add(state.Step);
                return true;
            },
        };
        second.Run();
        Assert.Equal([9, 18, 27, 30], asked);
        Assert.Contains(again.Checkpoints.List(), c => c is { Step: 9, Fraction: 0.3 });
    }

    [Fact]
    public void Run_CheckpointsAreGone_SaysSoAndTouchesNothing()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 12 });
        using RunDirectory run = Create();
        using (var objective = new ScriptedObjective(_device, _ => 1))
        using (var trainer = new Trainer(objective, settings, run, _time))
        {
            trainer.Run();
        }

        Directory.Delete(_folder["run/checkpoints"], recursive: true);
        byte[] log = File.ReadAllBytes(_folder["run/events.jsonl"]);
        using var resumed = new ScriptedObjective(_device, _ => 1);
        using var second = new Trainer(resumed, settings, run, _time);
        Assert.Contains("its checkpoints are gone", Assert.Throws<RunDamagedException>(() => second.Run()).Message);
        Assert.Equal(log, File.ReadAllBytes(_folder["run/events.jsonl"]));
    }

    [Fact]
    public void Run_WhatIsWrittenBesideCheckpoints_CountsAsSavingAndIsInTheLastLine()
    {
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(_device, _ => 1, Spend(1));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 10 }) with { Evaluation = new Interval(Steps: 5) }, run, _time)
        {
            KeepGoing = (_, _) =>
            {
                _time.Advance(TimeSpan.FromSeconds(3));
                return true;
            },
            WriteModel = Spend(5),
        };
        Assert.Equal(TimeSpan.FromSeconds(11), trainer.Run().State.Times.Saving);
        TrainingEvent end = EventLog.Read(_folder["run/events.jsonl"])[^1];
        Assert.Equal(("finished", 11.0, 10.0), (end.Event, end.SavingSeconds, end.Elapsed));
    }

    [Fact]
    public void Run_TimeBudget_FirstStepHasARate()
    {
        using var objective = new ScriptedObjective(_device, _ => 1, Spend(2));
        List<float> weights = [];
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(20) }), time: _time)
        {
            ExpectedStep = new StepCost(TimeSpan.FromSeconds(2), 10, 0.01),
        };
        trainer.Run(new Collect(_ => weights.Add(objective.Weight)));
        Assert.True(weights[0] < 0);
    }

    [Fact]
    public void Run_LossExplodes_IsNoticedAndOneSpikeIsNot()
    {
        using var spiky = new ScriptedObjective(_device, i => i % 25 == 24 ? 9 : 3);
        using (var trainer = new Trainer(spiky, Settings(new TrainingBudget { Steps = 200 }), time: _time))
        {
            Assert.Equal(TrainingEnd.Finished, trainer.Run().End);
        }

        using var exploding = new ScriptedObjective(_device, i => i < 100 ? 3 : 7);
        using var second = new Trainer(exploding, Settings(new TrainingBudget { Steps = 200 }), time: _time);
        TrainingOutcome outcome = second.Run();
        Assert.Equal(TrainingEnd.Diverged, outcome.End);
        Assert.InRange(outcome.State.Step, 101, 120);
        Assert.Contains("the loss has risen", outcome.Message);
    }

    [Fact]
    public void Run_CallerHasEnough_StopsEarly()
    {
        using var objective = new ScriptedObjective(_device, _ => 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 100 }) with { Evaluation = new Interval(Steps: 10) }, time: _time)
        {
            KeepGoing = (state, evaluation) => evaluation.Value < 3,
        };
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal((TrainingEnd.Stopped, 30, 3.0), (outcome.End, outcome.State.Step, outcome.Evaluation!.Value));
    }

    [Fact]
    public void Run_KilledWhileItEndsEarly_TakesNotAStepMore()
    {
        var whole = new KillingStorage(int.MaxValue);
        Assert.Equal((TrainingEnd.Stopped, 20), Attempt("whole", whole));

        // Up to the line that says that it was stopped, and past it.
        for (int point = whole.Points - 20; point < whole.Points; point++)
        {
            Assert.Throws<KilledException>(() => Attempt($"run-{point}", new KillingStorage(point)));
            Assert.Equal((TrainingEnd.Stopped, 20), Attempt($"run-{point}", new RunStorage()));
        }

        (TrainingEnd End, int Steps) Attempt(string name, RunStorage storage)
        {
            using RunDirectory run = RunDirectory.IsAt(_folder[name]) ? RunDirectory.Open(_folder[name], storage) : Create(name, storage);
            using var objective = new ScriptedObjective(_device, _ => 1);
            using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 100 }) with { Evaluation = new Interval(Steps: 10) }, run, _time)
            {
                KeepGoing = (state, _) => state.Step < 20,
            };
            TrainingOutcome outcome = trainer.Run();
            return (outcome.End, (int)outcome.State.Step);
        }
    }

    [Fact]
    public void Run_Checkpoints_KeepsTheNewestAndThoseAtFractions()
    {
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(_device, _ => 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 33 }) with
        {
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 5), Fractions = [0.1, 0.5] },
        }, run, _time);
        trainer.Run();
        Assert.Equal(
            [(4, 0.1), (17, 0.5), (30, null), (33, null)], run.Checkpoints.List().Select(c => ((int)c.Step, c.Fraction)));
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    private static TrainerSettings Settings(TrainingBudget budget) => new()
    {
        Budget = budget,
        Schedule = new LearningRateSchedule { Peak = 1e-2, WarmupFraction = 0.1 },
        Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 5) },
        ClipNorm = 0,
    };

    private Action Spend(int seconds) => () => _time.Advance(TimeSpan.FromSeconds(seconds));

    private RunDirectory Create(string name = "run", RunStorage? storage = null) => RunDirectory.Create(_folder[name], new RunManifest
    {
        Kind = "test",
        Version = "1",
        Created = _time.GetUtcNow(),
        Machine = MachineRecord.Here("test", 1),
        TokenizerFingerprint = "",
        DataFingerprint = "",
        Configuration = JsonDocument.Parse("{}").RootElement,
    }, storage ?? new RunStorage());

    private sealed class Collect(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Phase == TrainingPhase.Training)
            {
                report(value);
            }
        }
    }
}
