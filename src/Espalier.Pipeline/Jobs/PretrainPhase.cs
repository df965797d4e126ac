using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>The chosen size trains on from its own checkpoint until its share of the time is up.</summary>
internal static class PretrainPhase
{
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

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
        double overhead = Overhead(folder, job.Left(JobPhase.Pretrain));
        using PretrainingRun run = PretrainingRun.Resume(folder, (_, spent) => new TrainingBudget
        {
            Time = spent.Time + Longest(job.Left(JobPhase.Pretrain) - TimeSpan.FromSeconds(overhead)),
        }, job.DataFolder);
        TrainingOutcome outcome = run.Train(new TrainingWords(job, ""), cancel);
        cancel.ThrowIfCancellationRequested();
        if (outcome.End == TrainingEnd.Diverged)
        {
            job.Note($"Pretraining diverged; the model is that of its last good checkpoint: {outcome.Message}");
        }
    }

    /// <summary>Seconds that evaluating and saving will take of so much time, going by those of the run so far.</summary>
    private static double Overhead(string folder, TimeSpan left)
    {
        IReadOnlyList<TrainingEvent> events = EventLog.Read(Path.Join(folder, RunDirectory.EventsName));
        if (events.Count == 0)
        {
            return 0;
        }

        TrainerSettings training = RunDirectory.ReadManifest(folder)
            .ConfigurationAs(PretrainingJson.Default.PretrainingRecord).Configuration.Training;
        double evaluation = PerEvent("evaluation", events[^1].EvaluationSeconds), saving = PerEvent("checkpoint", events[^1].SavingSeconds);
        return (evaluation * Times(training.Evaluation)) + (saving * (1 + Times(training.Checkpoints.Every)));

        double PerEvent(string kind, double seconds) => events.Count(e => e.Event == kind) is > 0 and var count ? seconds / count : 0;

        double Times(Interval every) => 1 + Math.Floor(Math.Max(
            every.Time is { } time ? left / time : 0,
            every.Steps is { } steps && events[^1].Step > 0 ? left.TotalSeconds / (events[^1].Elapsed / events[^1].Step) / steps : 0));
    }

    private static TimeSpan Longest(TimeSpan time) => time > Least ? time : Least;
}

/// <summary>Tells of training in words.</summary>
internal sealed class TrainingWords(JobWork job, string title) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        string phase = value.Phase switch { TrainingPhase.Evaluation => "evaluating, ", TrainingPhase.Saving => "saving, ", _ => "" };
        string rate = value.StepTime > TimeSpan.Zero ? $", {value.StepTokens / value.StepTime.TotalSeconds:N0} tokens/s" : "";
        string heldOut = value.Evaluation is { } e ? $", held-out {e.Metric} {e.Value:G4}" : "";
        job.Tell($"{title}{phase}step {value.State.Step:N0}, loss {value.Loss:F3}{heldOut}{rate}");
    }
}
