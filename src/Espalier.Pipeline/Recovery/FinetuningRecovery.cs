using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Safetensors;
using Espalier.Pipeline.Tasks;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Recovery;

/// <summary>
/// Recovery by finetuning on the task that the model was trained for, in a run of its own, so that one that was killed goes on and
/// ends with the same bits.
/// </summary>
/// <param name="task">The task, and how the model was trained for it.</param>
/// <param name="settings">How.</param>
/// <param name="quality">The unpruned model's.</param>
/// <param name="open">Opens or makes the run for a sparsity.</param>
/// <param name="progress">Told after every step.</param>
public sealed class FinetuningRecovery(
    ICompressionTask task, RecoverySettings settings, double quality, Func<double, RunDirectory> open,
    IProgress<TrainingProgress>? progress = null) : IRecovery
{
    /// <inheritdoc/>
    /// <exception cref="CompressionException">Training diverged.</exception>
    /// <exception cref="RunException">The run cannot be written, or is damaged.</exception>
    public RecoveredWeights Recover(double sparsity, ModelWeights pruned, WeightMasks masks, CancellationToken cancel)
    {
        using IObjective objective = Build(pruned, masks);
        double before = Measure(objective, cancel);
        if (before >= Target || settings.Epochs == 0 || settings.Time <= TimeSpan.Zero)
        {
            return new RecoveredWeights(pruned, before, before, Steps: 0, Epochs: 0, TimeSpan.Zero);
        }

        using RunDirectory run = open(sparsity);
        TrainingEvent last = Ended(run) ?? Train(objective, run, cancel);
        if (last.Event == "diverged")
        {
            throw new CompressionException(
                $"finetuning at a sparsity of {100 * sparsity:G4} % diverged: {last.Message}; prune in smaller steps, or finetune at a lower rate");
        }

        Restore(objective.Parameters, run);
        double after = last.Evaluation?.Value ?? Measure(objective, cancel);

        // Where finetuning made it worse, the weights right after pruning are the better ones to go on from.
        (ModelWeights weights, double reached) = after < before ? (pruned, before) : (ModelWeights.Download(objective.Parameters), after);
        return new RecoveredWeights(
            weights, before, reached, last.Step, last.Epochs, TimeSpan.FromSeconds(last.Elapsed));
    }

    // Of a model that gets nothing right yet every part is nothing, and was reached before the first step.
    private double Target => settings.EnoughQuality * quality is var target && (target > 0 || settings.EnoughQuality == 0) ? target : double.PositiveInfinity;

    private IObjective Build(ModelWeights weights, WeightMasks masks)
    {
        using var opened = new Opened();
        IObjective objective = opened.Add(task.CreateObjective(settings.Seed));
        weights.Upload(objective.Parameters);
        return opened.HandOver(new MaskedObjective(objective, masks));
    }

    private static double Measure(IObjective objective, CancellationToken cancel)
    {
        using var tape = new Tape(objective.Parameters.Device);
        return objective.Evaluate(tape, cancel)!.Value;
    }

    // A checkpoint may follow the end. Where there is none of that step, the process was killed just before: not ended.
    private static TrainingEvent? Ended(RunDirectory run)
        => EventLog.Read(Path.Join(run.Path, RunDirectory.EventsName)).LastOrDefault(e => e.Event != "checkpoint")
            is { Event: "finished" or "stopped" or "diverged" } last && Latest(run)?.Step == last.Step ? last : null;

    private static Checkpoint? Latest(RunDirectory run) => run.Checkpoints.List().MaxBy(c => c.Step);

    private TrainingEvent Train(IObjective objective, RunDirectory run, CancellationToken cancel)
    {
        TrainerSettings finetuning = task.Finetuning;
        using var trainer = new Trainer(objective, finetuning with
        {
            Budget = new TrainingBudget { Epochs = settings.Epochs, Time = settings.Time },
            Schedule = finetuning.Schedule with { Peak = settings.LearningRate ?? finetuning.Schedule.Peak },
            Seed = settings.Seed,
            Evaluation = new Interval(Steps: Math.Max(1, (long)Math.Round(task.StepsInEpoch / settings.EvaluationsPerEpoch))),
        }, run)
        {
            KeepGoing = (_, evaluation) => evaluation.Value < Target,
        };
        if (trainer.Run(progress, cancel).End == TrainingEnd.Interrupted)
        {
            throw new OperationCanceledException(cancel);
        }

        return Ended(run) ?? throw new RunDamagedException(run.Path, "the log has no end though training has");
    }

    // The last checkpoint is that of the end, whichever process came there.
    private static void Restore(ParameterSet parameters, RunDirectory run)
    {
        Checkpoint checkpoint = Latest(run)
            ?? throw new RunDamagedException(run.Path, "it has ended, and has no checkpoint; remove it, and it begins anew");
        using SafetensorsFile file = SafetensorsFile.Open(checkpoint.ModelPath);
        TensorTransfer.Load(file, parameters.Device, parameters.Stored());
    }
}
