using Espalier.Pipeline.Plans;
using Espalier.Text;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>The chosen size trains on from its own checkpoint until its share of the time is up.</summary>
internal static class PretrainPhase
{
    // With less time it is not worth opening the run once more.
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1), WorthMeasuring = TimeSpan.FromSeconds(30);

    /// <summary>Trains.</summary>
    /// <exception cref="RunException">There is no run to go on with, it diverged, or it cannot be written.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        job.Tell("opening");
        if (job.Record.Pretrained == null)
        {
            // The plan failed, which it said: any size is better than none.
            PlanPhase.Begin(job, cancel);
        }

        string folder = job.PathOf(job.Record.Pretrained!);
        TakeFromFinetuning(job, folder, cancel);
        TimeSpan left = job.Left(JobPhase.Pretrain);
        TrainingTask task = PlanPhase.TaskOf(job, Longest(left));
        foreach (string warning in task.Warnings(cancel))
        {
            // Said already, unless there was no race.
            job.Note($"{warning}.");
        }

        if (left > WorthMeasuring && Evaluations(task, folder).Count == 0)
        {
            // A race measures the loss alone, which says little of what translating takes.
            TrainUntilEvaluated(job, task, folder, cancel);
        }

        TrainingOutcome outcome = Train(job, task, folder, new TrainingWords(job, ""), cancel);
        cancel.ThrowIfCancellationRequested();
        if (outcome.End == TrainingEnd.Diverged)
        {
            job.Note($"Training diverged; the model is that of its last good checkpoint: {outcome.Message}");
        }
    }

    // What finetuning a small set cannot use is of use here; nothing comes after compression that it could go to.
    private static void TakeFromFinetuning(JobWork job, string folder, CancellationToken cancel)
    {
        if (!job.Settings.IsClassifier || job.Hurry)
        {
            return;
        }

        double planned = job.Record.Phases[(int)JobPhase.Finetune].PlannedSeconds ?? 0, spare;
        try
        {
            spare = Math.Floor(planned - FinetunePhase.Longest(job, folder, cancel).TotalSeconds);
        }
        catch (TextException)
        {
            // The set is gone, or damaged: finetuning says so, and pretraining needs none.
            return;
        }

        if (spare > WorthMeasuring.TotalSeconds)
        {
            job.Update(r => r with
            {
                Phases = [.. r.Phases.Select((p, i) => i == (int)JobPhase.Pretrain ? p with { PlannedSeconds = p.PlannedSeconds + spare }
                    : i == (int)JobPhase.Finetune ? p with { PlannedSeconds = p.PlannedSeconds - spare } : p)],
            });
            job.Note($"Finetuning so small a set takes {planned - spare:N0} s at most; {spare:N0} s of its share went to pretraining.");
        }
    }

    private static TrainingOutcome Train(
        JobWork job, TrainingTask task, string folder, IProgress<TrainingProgress> progress, CancellationToken cancel)
    {
        using ITrainingRun run = task.Resume(folder, (_, spent) => new TrainingBudget
        {
            Time = spent.Time + Longest(job.Left(JobPhase.Pretrain) - Overhead(task, folder, job.Left(JobPhase.Pretrain))),
        }, cancel);
        return run.Train(progress, cancel);
    }

    private static void TrainUntilEvaluated(JobWork job, TrainingTask task, string folder, CancellationToken cancel)
    {
        using var evaluated = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        _ = Train(job, task, folder, new TrainingWords(job, "", evaluated.Cancel), evaluated.Token);
        cancel.ThrowIfCancellationRequested();
    }

    /// <summary>Time that evaluating and saving will take of so much, going by those of the run so far.</summary>
    private static TimeSpan Overhead(TrainingTask task, string folder, TimeSpan left)
    {
        IReadOnlyList<TrainingEvent> events = EventsOf(folder);
        if (events.Count == 0)
        {
            return TimeSpan.Zero;
        }

        TrainerSettings training = task.SettingsOf(folder);
        double evaluation = Evaluations(task, folder).DefaultIfEmpty().Average();
        double saving = events[^1].SavingSeconds / Math.Max(1, events.Count(e => e.Event == "checkpoint"));
        return TimeSpan.FromSeconds((evaluation * Times(training.Evaluation)) + (saving * (1 + Times(training.Checkpoints.Every))));

        double Times(Interval every) => 1 + Math.Floor(Math.Max(
            every.Time is { } time ? left / time : 0,
            every.Steps is { } steps && events[^1].Step > 0 ? left.TotalSeconds / (events[^1].Elapsed / events[^1].Step) / steps : 0));
    }

    // Those of evaluations such as the run has when it is trained to its end.
    private static IReadOnlyList<double> Evaluations(TrainingTask task, string folder) => EventLog.EvaluationSeconds(EventsOf(folder), task.Metric);

    private static IReadOnlyList<TrainingEvent> EventsOf(string folder) => EventLog.Read(Path.Join(folder, RunDirectory.EventsName));

    private static TimeSpan Longest(TimeSpan time) => time > Least ? time : Least;
}

/// <summary>Tells of training in words.</summary>
/// <param name="job">Who is told.</param>
/// <param name="title">What is trained.</param>
/// <param name="evaluated">Called after an evaluation; null for nothing.</param>
internal sealed class TrainingWords(JobWork job, string title, Action? evaluated = null) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.Warning is { } warning)
        {
            job.Note($"{warning}.");
            return;
        }

        if (value is { Phase: TrainingPhase.Training, Evaluation: not null })
        {
            evaluated?.Invoke();
        }

        string phase = value.Phase switch { TrainingPhase.Evaluation => "evaluating, ", TrainingPhase.Saving => "saving, ", _ => "" };
        string rate = value.StepTime > TimeSpan.Zero ? $", {value.StepTokens / value.StepTime.TotalSeconds:N0} tokens/s" : "";
        string heldOut = value.Evaluation is { } e ? $", held-out {e.Metric} {e.Value:G4}" : "";
        job.Tell($"{title}{phase}step {value.State.Step:N0}, loss {value.Loss:F3}{heldOut}{rate}");
    }
}
