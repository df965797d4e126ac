using System.Text.Json;
using Espalier.Engine.Models;
using Espalier.Planning.Curves;
using Espalier.Planning.Race;
using Espalier.Planning.Sizes;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Plans;

/// <summary>
/// Chooses the size of a model by a race: candidates are ordinary training runs whose budget is the whole one, trained in slices;
/// the hopeless stop early, and the survivor is simply resumed.
/// </summary>
public sealed class PlanRun : IDisposable
{
    // The part of the time for planning that measuring the candidates may take; the rest is for the race.
    private const double MostMeasuring = 0.6;

    private const string TokenizerName = "tokenizer";

    private readonly string _directory;
    private readonly IProgress<PlanProgress>? _progress;
    private readonly CancellationToken _cancel;
    private readonly PlanClock _clock;
    private readonly TrainingTask _task;
    private readonly CandidateRuns _runs;
    private PlanRecord _record;

    private PlanRun(PlanRecord record, string directory, IProgress<PlanProgress>? progress, CancellationToken cancel)
    {
        (_record, _directory, _progress, _cancel) = (record, directory, progress, cancel);
        _clock = new PlanClock(record.Seconds);
        _task = TrainingTask.Of(record.Settings);
        _runs = new CandidateRuns(_task, directory, cancel);
    }

    private double Fraction => _clock.Seconds / (SizeRace.MostWaste * _record.Settings.Budget.TotalSeconds);

    /// <summary>Makes a plan, goes on with one that was interrupted, or returns the one that was made.</summary>
    /// <param name="settings">What it is wanted for.</param>
    /// <param name="directory">Its folder: <c>plan.json</c> and a run for each candidate, such as <c>2x128</c>.</param>
    /// <param name="progress">Told what is being done.</param>
    /// <param name="cancel">Saves, and throws.</param>
    /// <exception cref="ConfigurationException">The settings have faults; all are listed.</exception>
    /// <exception cref="RunMismatchException">The folder holds a plan for something else.</exception>
    /// <exception cref="RunException">A candidate's run cannot be used or written, or nothing is held out.</exception>
    /// <exception cref="Text.TextException">The corpus cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the same call goes on.</exception>
    public static PlanResult Execute(
        PlanSettings settings, string directory, IProgress<PlanProgress>? progress = null, CancellationToken cancel = default)
    {
        ConfigurationException.ThrowIfAny("plan", settings.Validate());
        settings = settings.With(Path.GetFullPath);
        if (settings.Translation is { Tokenizer: null } translation)
            settings = settings with { Translation = translation with { Tokenizer = Path.Join(Path.GetFullPath(directory), TokenizerName) } };
        PlanRecord record = PlanRecord.Read(directory) ?? new PlanRecord { Settings = settings };
        if (Text(record.Settings) != Text(settings))
            throw new RunMismatchException(directory, "holds a plan for another budget, other data or other limits; name another folder, or ask for the same");
        if (record.Decided)
            return Result(record);
        using var run = new PlanRun(record, directory, progress, cancel);
        try
        {
            return run.Execute();
        }
        catch (OperationCanceledException)
        {
            // Its time counts.
            if (run._record.Choice != null)
                run.Save();
            throw;
        }

        static string Text(PlanSettings settings) => JsonSerializer.Serialize(settings, PlanJson.Default.PlanSettings);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runs.Dispose();
        _clock.Dispose();
    }

    internal static PlanResult Result(PlanRecord record)
    {
        SizePlan plan = SizeRace.Resume(record.Race!).Decide() with { Proposed = record.Choice?.Proposed ?? 0 };
        PlannedSize[] sizes = [.. plan.Candidates.Select(c => record.Sizes.Single(s => s.Size == c.Size))];
        // Where measuring alone has eaten a budget of seconds there is a model all the same.
        double least = plan.Chosen.RacedSeconds + (plan.BudgetSeconds / 2);
        return new PlanResult(
            plan, sizes, sizes[0].RunDirectory, TimeSpan.FromSeconds(Math.Max(least, plan.BudgetSeconds - plan.LostSeconds)),
            TimeSpan.FromSeconds(record.Seconds));
    }

    private PlanResult Execute()
    {
        CandidateChoice choice = _record.Choice ?? Choose();
        _task.PeakFlops = choice.PeakFlops;
        // Also of a plan that is resumed: who resumes it need not know what was said before.
        foreach (string warning in _task.Warnings(_cancel))
            _progress?.Report(new PlanProgress("measuring", Fraction, null) { Warning = warning });
        SizeRace race = _record.Race is { } state ? SizeRace.Resume(state) : Begin(choice);
        while (race.Next(i => choice.EvaluationSeconds(race.State.Racers[i].StepSeconds)) is { } slice)
            Train(race, choice, slice);
        // One candidate alone, no time for a race, or the others diverged: what it learns is not lost, and a forecast needs it.
        if (!race.CanDecide)
        {
            ModelSize first = _record.Sizes.Select(s => s.Size).First(size => race.State.Racers.Any(r => r.Size == size && r.Stopped == null));
            Train(race, choice, new RaceSlice(race.State.Racers.ToList().FindIndex(r => r.Size == first), first, choice.SliceSeconds));
        }

        if (!race.CanDecide)
            throw new RunException(_directory, "every candidate diverged: its loss was no finite number; look at the data, or at plan/*/events.jsonl");
        PlanResult result = Result(_record);
        // What planning cost is taken from the chosen one's time, so that whoever resumes it need not know.
        _runs.Dispose();
        _task.Rebudget(result.RunDirectory, budget => budget with { Time = result.TrainingTime });
        _record = _record with { Decided = true };
        Save();
        return Result(_record);
    }

    private CandidateChoice Choose()
    {
        _task.Prepare(Tell, _cancel);
        Tell("measuring the machine");
        _record = _record with { Choice = CandidateChoice.Of(_record.Settings, _task, _cancel) };
        Save();
        return _record.Choice;
    }

    private SizeRace Begin(CandidateChoice choice)
    {
        List<PlannedSize> sizes = [];
        List<(ModelSize, double)> measured = [];
        foreach (ModelSize size in choice.Sizes)
        {
            // Better fewer candidates than no time to tell them apart; what was made before an interruption is there already.
            if (sizes.Count > 0 && !_runs.IsMade(size) && Fraction * (sizes.Count + 1) / sizes.Count > MostMeasuring)
                break;
            Tell($"measuring {size}");
            _ = _runs.Open(size, choice.HeldOutBlocks);
            (PlannedSize planned, double step) = _runs.Measure(size);
            sizes.Add(planned);
            measured.Add((size, step));
            _record = _record with { Sizes = [.. sizes] };
            Save();
        }
        var cost = new CostModel(choice.Work, choice.PeakFlops, measured);
        SizeRace race = SizeRace.Begin(
            [.. sizes.Select(s => s.Size)], cost, choice.Work, _record.Settings.Budget.TotalSeconds, _task.Gain, _clock.Seconds,
            _task.ContextFreeLoss(_runs.Open(sizes[0].Size)), _task.Usual);
        _record = _record with { Race = race.State };
        Save();
        return race;
    }

    private void Train(SizeRace race, CandidateChoice choice, RaceSlice slice)
    {
        Racer before = race.State.Racers[slice.Candidate];
        ITrainingRun run = _runs.Open(slice.Size);
        var relay = new Relay<TrainingProgress>(p => _progress?.Report(new PlanProgress($"racing {slice.Size}", Fraction, p)));
        var points = new Interval(Time: TimeSpan.FromSeconds(choice.PointSeconds(slice.Seconds, before.StepSeconds)));
        TrainingOutcome outcome = run.TrainUntil(TimeSpan.FromSeconds(before.Seconds + slice.Seconds), points, relay, _cancel);
        if (outcome.End == TrainingEnd.Interrupted)
            throw new OperationCanceledException(_cancel);
        List<CurvePoint> losses = [.. CandidateRuns.Points(run).Where(p => before.Points.Count == 0 || p.Steps > before.Points[^1].Steps)];
        if (outcome.End == TrainingEnd.Diverged || losses.Count == 0)
            losses.Add(new CurvePoint(before.Steps + 1, double.NaN));
        race.Report(
            slice.Candidate, Math.Max(1, outcome.State.Step - before.Steps),
            Math.Max(1e-6, outcome.State.Times.Training.TotalSeconds - before.Seconds), losses,
            outcome.Evaluation?.Parts?.Select(p => new LossPart(p.Predictions, p.LossSum)).ToArray());
        // By the clock: whatever went by and was no training is lost as well.
        race.Lose(Math.Max(0, _clock.Seconds - race.State.OverheadSeconds - race.State.Racers.Sum(r => r.Seconds)));
        _record = _record with
        {
            Race = race.State,
            Sizes = [.. _record.Sizes.Select(s => s.Size == slice.Size && outcome.Timing is { } t && t.Steps >= (s.Timing?.Steps ?? 0) ? s with { Timing = t } : s)],
        };
        Save();
    }

    private void Tell(string words) => _progress?.Report(new PlanProgress(words, Fraction, null));

    private void Save()
    {
        _record = _record with { Seconds = _clock.Seconds };
        _record.Write(_directory);
    }
}
