using Espalier.Engine.Optimizers;
using Espalier.Tests.Training.Runs;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Tests.Training;

/// <summary>Budgets, clocks, and what is logged.</summary>
public class TrainerTests : ScriptedTraining
{
    [Fact]
    public void Run_TimeBudget_CountsStepsAloneAndEndsAtTheEndOfTheDecay()
    {
        using var objective = new ScriptedObjective(Device, _ => 1, Spend(2), Spend(50));
        List<double> fractions = [];
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(60) }) with
        {
            Evaluation = new Interval(Steps: 10),
        }, time: Time);
        TrainingOutcome outcome = trainer.Run(new Collect(p => fractions.Add(p.Fraction)));
        Assert.Equal((TrainingEnd.Finished, 30, TimeSpan.FromSeconds(60)), (outcome.End, outcome.State.Step, outcome.State.Times.Training));
        Assert.Equal(TimeSpan.FromSeconds(150), outcome.State.Times.Evaluation);
        Assert.Equal(3, objective.Evaluations);
        Assert.Equal(1, fractions[^1]);

        // Adam with a constant gradient moves by the rate at each step: together the area under warm-up and decay.
        Assert.Equal(-30 * 0.5f * 1e-2f, objective.Weight, 0.004f);
    }

    [Fact]
    public void Run_MachineWasBusyWhenItsPeakWasMeasured_LogsTheHigherOneAndCountsItWithTheEvaluation()
    {
        using RunDirectory run = Create();
        var rates = new Queue<double>([1e9, 1e9, 3e9, 2e9, 2e9]);
        using var objective = new ScriptedObjective(Device, _ => 1, Spend(50), Spend(10));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 20 }) with { Evaluation = new Interval(Steps: 5) }, run, Time)
        {
            Peak = new PeakThroughput(
                () =>
                {
                    Time.Advance(TimeSpan.FromSeconds(1));
                    return rates.Dequeue();
                },
                Time),
        };
        PhaseTimes times = trainer.Run().State.Times;
        Assert.Empty(rates);
        Assert.Equal((TimeSpan.FromSeconds(1000), TimeSpan.FromSeconds(44)), (times.Training, times.Evaluation));
        IReadOnlyList<TrainingEvent> log = EventLog.Read(Folder["run/events.jsonl"]);
        Assert.Equal([("started", 0L, 1e9), ("peak", 10L, 3e9)], log.Where(e => e.PeakFlops != null).Select(e => (e.Event, e.Step, e.PeakFlops!.Value)));
    }

    [Fact]
    public void Run_Resumed_KeepsTheTimeSpentWithoutDowntime()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(20) });
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(Device, _ => 1, Spend(2)))
        using (var trainer = new Trainer(objective, settings, run, Time))
        using (var cancel = new CancellationTokenSource())
        {
            Assert.Equal(TrainingEnd.Interrupted, trainer.Run(new Collect(p => { if (p.State.Step == 4) cancel.Cancel(); }), cancel.Token).End);
        }

        Time.Advance(TimeSpan.FromDays(1));
        using RunDirectory again = RunDirectory.Open(Folder["run"]);
        using var resumed = new ScriptedObjective(Device, _ => 1, Spend(2));
        using var second = new Trainer(resumed, settings, again, Time);
        TrainingOutcome outcome = second.Run();
        Assert.Equal((10, TimeSpan.FromSeconds(20)), (outcome.State.Step, outcome.State.Times.Training));
    }

    [Fact]
    public void Run_ProcessSuspendedWithinAStep_DoesNotCountThatTimeAndSaysSo()
    {
        using RunDirectory run = Create();
        int steps = 0;
        using var objective = new ScriptedObjective(Device, _ => 1, () =>
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            if (++steps == 5)
            {
                Time.Suspend(TimeSpan.FromMinutes(10));
            }

            Time.Advance(TimeSpan.FromSeconds(1));
        });
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(60) }), run, Time);
        TrainingOutcome outcome = trainer.Run();
        Assert.Equal(30, outcome.State.Step);
        Assert.Equal(60, outcome.State.Times.Training.TotalSeconds, 1.0);
        TrainingEvent suspended = EventLog.Read(Folder["run/events.jsonl"]).Single(e => e.Event == "suspended");
        Assert.Equal(5, suspended.Step);
        Assert.Contains("stood still for", suspended.Message);
    }

    [Fact]
    public void Run_WhatIsWrittenBesideCheckpoints_CountsAsSavingAndIsInTheLastLine()
    {
        using RunDirectory run = Create();
        using var objective = new ScriptedObjective(Device, _ => 1, Spend(1));
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 10 }) with { Evaluation = new Interval(Steps: 5) }, run, Time)
        {
            KeepGoing = (_, _) =>
            {
                Time.Advance(TimeSpan.FromSeconds(3));
                return true;
            },
            WriteModel = Spend(5),
        };
        Assert.Equal(TimeSpan.FromSeconds(11), trainer.Run().State.Times.Saving);
        TrainingEvent end = EventLog.Read(Folder["run/events.jsonl"])[^1];
        Assert.Equal(("finished", 11.0, 10.0), (end.Event, end.SavingSeconds, end.Elapsed));
    }

    [Fact]
    public void Run_TimeBudget_FirstStepHasARate()
    {
        using var objective = new ScriptedObjective(Device, _ => 1, Spend(2));
        List<float> weights = [];
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Time = TimeSpan.FromSeconds(20) }), time: Time)
        {
            ExpectedStep = new StepCost(TimeSpan.FromSeconds(2), 10, 0.01),
        };
        trainer.Run(new Collect(_ => weights.Add(objective.Weight)));
        Assert.True(weights[0] < 0);
    }

    [Fact]
    public void Run_CallerHasEnough_StopsEarly()
    {
        using var objective = new ScriptedObjective(Device, _ => 1);
        using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 100 }) with { Evaluation = new Interval(Steps: 10) }, time: Time)
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
            using RunDirectory run = RunDirectory.IsAt(Folder[name]) ? RunDirectory.Open(Folder[name], storage) : Create(name, storage);
            using var objective = new ScriptedObjective(Device, _ => 1);
            using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 100 }) with { Evaluation = new Interval(Steps: 10) }, run, Time)
            {
                KeepGoing = (state, _) => state.Step < 20,
            };
            TrainingOutcome outcome = trainer.Run();
            return (outcome.End, (int)outcome.State.Step);
        }
    }

    [Fact]
    public void Run_ResumedForAFewSteps_ReportsTheStableTimingFromBefore()
    {
        TrainingOutcome first = Train(40), second = Train(43);
        Assert.Equal((20, true), (first.Timing!.Steps, first.Timing.Stable));
        Assert.Equal(first.Timing, second.Timing);
        Assert.Equal(first.Timing, EventLog.TimingIn(Folder["run/events.jsonl"]));

        TrainingOutcome Train(int steps)
        {
            using RunDirectory run = RunDirectory.IsAt(Folder["run"]) ? RunDirectory.Open(Folder["run"]) : Create();
            using var objective = new ScriptedObjective(Device, _ => 1, Spend(1));
            using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = steps }), run, Time);
            return trainer.Run();
        }
    }

    [Fact]
    public void Run_GradientIsLongerThanAllowed_IsScaledDownBeforeTheOptimizerSeesIt()
    {
        // With an ε of 1 Adam moves by g / (|g| + 1) of the rate, where g is constant: a half of it where g is 1. What fills up memory
        // beside the weight has a gradient too.
        double norm = 0, clipped = Way(0.1f), free = Way(clip: 0), g = 0.1 / norm;
        Assert.Equal(g / (g + 1), clipped / free / 2, 1e-4);

        double Way(float clip)
        {
            using var objective = new ScriptedObjective(Device, _ => 1);
            using var trainer = new Trainer(objective, Settings(new TrainingBudget { Steps = 20 }) with
            {
                ClipNorm = clip,
                Optimizer = new AdamWConfiguration { Epsilon = 1 },
            }, time: Time);
            trainer.Run();
            norm = Math.Sqrt(objective.Parameters.Gradients.Length);
            return objective.Weight;
        }
    }
}
