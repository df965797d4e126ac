using Espalier.Planning.Curves;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Training;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>What came of a candidate that was trained to the end.</summary>
/// <param name="Size">Its size.</param>
/// <param name="TrainedSeconds">Its training.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Loss">Its held-out loss in nats.</param>
/// <param name="Forecast">What had been forecast for so much training.</param>
/// <param name="Predictions">Held-out predictions, the same for every size.</param>
public sealed record VerifiedSize(ModelSize Size, double TrainedSeconds, long Steps, double Loss, LossForecast Forecast, long Predictions)
{
    /// <summary>How far the forecast lay above what came, as a part of it.</summary>
    public double Error => (Forecast.Loss / Loss) - 1;
}

/// <summary>A plan beside what came of every candidate: each trained for the whole budget, the chosen one for what planning left of it.</summary>
/// <param name="Sizes">The chosen one, then the others in the order of their forecasts.</param>
public sealed record PlanVerification(IReadOnlyList<VerifiedSize> Sizes)
{
    /// <summary>The chosen size.</summary>
    public VerifiedSize Chosen => Sizes[0];

    /// <summary>The size that came out best.</summary>
    public VerifiedSize Best => Sizes.MinBy(s => s.Loss)!;

    /// <summary>How far the chosen one's loss lies above the best, as a part of it.</summary>
    public double Excess => (Chosen.Loss / Best.Loss) - 1;

    /// <summary>Trains every candidate of a plan that was made; one that was interrupted goes on.</summary>
    /// <param name="directory">The plan's folder.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancel">Saves, and throws.</param>
    /// <exception cref="RunException">There is no plan, or a candidate's run cannot be used, or diverged.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the same call goes on.</exception>
    public static PlanVerification Execute(string directory, IProgress<PlanProgress>? progress = null, CancellationToken cancel = default)
    {
        PlanRecord record = PlanRecord.Read(directory) is { Decided: true } read ? read
            : throw new RunException(directory, "holds no plan that was made; make it first");
        PlanResult result = PlanRun.Result(record);
        SizeRace race = SizeRace.Resume(record.Race!);
        TrainingTask task = TrainingTask.Of(record.Settings);
        List<VerifiedSize> verified = [];
        foreach (PlannedSize size in result.Sizes)
        {
            TimeSpan time = size.Size == result.Plan.Chosen.Size ? result.TrainingTime : record.Settings.Budget;
            int candidate = race.State.Racers.ToList().FindIndex(r => r.Size == size.Size);
            task.Rebudget(size.RunDirectory, budget => budget with { Time = time });
            using ITrainingRun run = task.Resume(size.RunDirectory, null, cancel);
            double done = verified.Count;
            var relay = new Relay<TrainingProgress>(p => progress?.Report(
                new PlanProgress($"training {size.Size}", (done + p.Fraction) / result.Sizes.Count, p)));
            TrainingOutcome outcome = run.Train(relay, cancel);
            if (outcome.End == TrainingEnd.Interrupted)
                throw new OperationCanceledException(cancel);
            double seconds = outcome.State.Times.Training.TotalSeconds;
            Evaluation end = outcome.Evaluation
                ?? throw new RunException(size.RunDirectory, $"came to no held-out loss: {outcome.Message}");
            verified.Add(new VerifiedSize(
                size.Size, seconds, outcome.State.Step, end.Loss,
                race.Forecast(candidate, Math.Max(seconds, race.State.Racers[candidate].Seconds))!.Value, end.Predictions));
        }
        return new PlanVerification(verified);
    }
}
