using System.Text.Json;
using Espalier.Engine.Devices;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Tests.Training;

/// <summary>What the tests of the trainer have in common: a run folder, a device, and a clock that stands still until it is moved.</summary>
public abstract class ScriptedTraining : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected CpuDevice Device { get; } = new(1);

    private protected ManualTime Time { get; } = new();

    public void Dispose()
    {
        Device.Dispose();
        Folder.Dispose();
    }

    private protected static TrainerSettings Settings(TrainingBudget budget) => new()
    {
        Budget = budget,
        Schedule = new LearningRateSchedule { Peak = 1e-2, WarmupFraction = 0.1 },
        Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 5) },
        ClipNorm = 0,
    };

    private protected Action Spend(int seconds) => () => Time.Advance(TimeSpan.FromSeconds(seconds));

    private protected void TrainAtFractions(RunDirectory run, TrainingBudget budget, params double[] fractions)
        => TrainAtFractions(run, budget, _ => 1, fractions);

    private protected void TrainAtFractions(RunDirectory run, TrainingBudget budget, Func<long, double> loss, params double[] fractions)
    {
        using var objective = new ScriptedObjective(Device, loss, Spend(1));
        using var trainer = new Trainer(objective, Settings(budget) with
        {
            Checkpoints = new CheckpointPolicy { Every = new Interval(Steps: 5), Fractions = fractions },
        }, run, Time)
        { Fractions = Keeping(run, budget, objective) };
        trainer.Run();
    }

    private protected static FractionModels Keeping(RunDirectory run, TrainingBudget budget, ScriptedObjective objective)
        => new(run, budget, folder => File.WriteAllText(Path.Join(folder, "step"), $"{objective.Position.Index}"));

    private protected RunDirectory Create(string name = "run", RunStorage? storage = null)
        => RunDirectory.Create(Folder[name], Manifest(), storage ?? new RunStorage());

    private protected RunManifest Manifest() => new()
    {
        Kind = "test",
        Version = "1",
        Created = Time.GetUtcNow(),
        Machine = MachineRecord.Here("test", 1),
        TokenizerFingerprint = "",
        DataFingerprint = "",
        Configuration = JsonDocument.Parse("{}").RootElement,
    };

    // A disk on which a checkpoint takes time.
    private protected sealed class SlowStorage(ManualTime time) : RunStorage
    {
        protected internal override void Reached(string point, string path)
        {
            if (path.Contains("checkpoints", StringComparison.Ordinal))
            {
                time.Advance(TimeSpan.FromSeconds(1));
            }
        }
    }

    private protected sealed class Collect(Action<TrainingProgress> report) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Phase == TrainingPhase.Training || value.Warning != null)
            {
                report(value);
            }
        }
    }
}
