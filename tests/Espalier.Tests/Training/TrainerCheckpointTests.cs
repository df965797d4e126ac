using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training;

/// <summary>What training saves, and what it goes on from.</summary>
public class TrainerCheckpointTests : ScriptedTraining
{
    [Fact]
    public void Run_CancelledInAnEvaluation_MakesUpForItAndForTheCheckpointDueThen()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 30 }) with
        {
            Evaluation = new Interval(Steps: 9),
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 1000), Fractions = [0.3] },
        };
        FractionModels? fractions = null;
        using var cancel = new CancellationTokenSource();
        Action cancelled = () =>
        {
            cancel.Cancel();
            throw new OperationCanceledException(cancel.Token);
        };
        using (RunDirectory run = Create())
        using (var objective = new ScriptedObjective(Device, _ => 1, evaluate: cancelled))
        using (var trainer = new Trainer(objective, settings, run, Time) { Fractions = fractions = Keeping(run, settings.Budget, objective) })
        {
            Assert.Equal(TrainingEnd.Interrupted, trainer.Run(cancel: cancel.Token).End);
        }

        Assert.True(fractions.Has(0.3));
        List<long> asked = [];
        using RunDirectory again = RunDirectory.Open(Folder["run"]);
        using var resumed = new ScriptedObjective(Device, _ => 1);
        using var second = new Trainer(resumed, settings, again, Time)
        {
            KeepGoing = (state, _) =>
            {
                asked.Add(state.Step);
                return true;
            },
        };
        second.Run();
        Assert.Equal([9, 18, 27, 30], asked);
        Assert.Equal("9", File.ReadAllText(Folder["run/fractions/0.3/step"]));
    }

    [Fact]
    public void Run_CheckpointsAreGone_SaysSoAndTouchesNothing()
    {
        TrainerSettings settings = Settings(new TrainingBudget { Steps = 12 });
        using RunDirectory run = Create();
        using (var objective = new ScriptedObjective(Device, _ => 1))
        using (var trainer = new Trainer(objective, settings, run, Time))
        {
            trainer.Run();
        }

        Directory.Delete(Folder["run/checkpoints"], recursive: true);
        byte[] log = File.ReadAllBytes(Folder["run/events.jsonl"]);
        using var resumed = new ScriptedObjective(Device, _ => 1);
        using var second = new Trainer(resumed, settings, run, Time);
        Assert.Contains("its checkpoints are gone", Assert.Throws<RunDamagedException>(() => second.Run()).Message);
        Assert.Equal(log, File.ReadAllBytes(Folder["run/events.jsonl"]));
    }

    [Fact]
    public void Run_Checkpoints_KeepsTheNewestAndTheModelAtFractions()
    {
        using RunDirectory run = Create();
        TrainAtFractions(run, new TrainingBudget { Steps = 33 }, 0.1, 0.5);
        Assert.Equal([30, 33], run.Checkpoints.List().Select(c => (int)c.Step));
        Assert.Equal("4", File.ReadAllText(Folder["run/fractions/0.1/step"]));
        Assert.Equal("17", File.ReadAllText(Folder["run/fractions/0.5/step"]));
    }

    [Theory]
    [InlineData(20, "10")] // where it ended is half of twice as much
    [InlineData(30, "15")]
    [InlineData(11, null)] // half of it went by long ago
    public void Run_GivenAnotherBudget_KeepsTheModelAtItsOwnFractions(int steps, string? step)
    {
        using RunDirectory run = Create();
        TrainAtFractions(run, new TrainingBudget { Steps = 10 }, 0.5);
        var more = new TrainingBudget { Steps = steps };
        TrainAtFractions(run, more, 0.5);
        if (step != null)
        {
            Assert.Equal(step, File.ReadAllText(Path.Join(FractionModels.Find(run.Path, 0.5, more), "step")));
        }
        else
        {
            string message = Assert.Throws<RunException>(() => FractionModels.Find(run.Path, 0.5, more)).Message;
            Assert.Contains("was given another budget since it kept the model at 0.5 of the one before, at step 5", message);
        }
    }
}
