using System.Text.Json;
using Espalier.Engine.Optimizers;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Finetuning;

/// <summary>
/// A trial: a run of its own in a folder of the finetuning run, so that it goes on where it was killed. Beside what every run
/// holds, <c>best/</c> has its best model so far.
/// </summary>
internal sealed class TrialRun : IDisposable
{
    public const string BestName = "best", BestRecordName = "best.json", Kind = "trial";

    private readonly FinetuningMaterials _materials;
    private readonly FinetuningRecord _record;
    private readonly TrialRecord _trial;
    private readonly RunDirectory _run;
    private readonly string _best;

    private TrialRun(FinetuningMaterials materials, FinetuningRecord record, TrialRecord trial, RunDirectory run)
        => (_materials, _record, _trial, _run, _best) = (materials, record, trial, run, Path.Join(run.Path, BestName));

    /// <summary>Training time of a trial so far; none without one.</summary>
    public static TimeSpan Spent(string? path)
        => TimeSpan.FromSeconds(path == null ? 0 : EventLog.Read(Path.Join(path, RunDirectory.EventsName)).LastOrDefault()?.Elapsed ?? 0);

    /// <summary>Shortens the time of a trial that has begun; one that has less keeps it.</summary>
    public static void Limit(string path, TimeSpan time, RunStorage storage)
    {
        using RunDirectory run = RunDirectory.Open(path, storage);
        TrialRecord record = Read(run);
        if (record.Budget.Time is not { } own || own > time)
        {
            // A time that is up already is not one of nothing, which no budget may be.
            TimeSpan least = TimeSpan.FromMilliseconds(1);
            record = record with { Budget = record.Budget with { Time = time > least ? time : least } };
            run.Update(run.Manifest with { Configuration = JsonSerializer.SerializeToElement(record, FinetuningJson.Default.TrialRecord) });
        }
    }

    /// <summary>Opens a trial that has begun.</summary>
    public static TrialRun Open(FinetuningMaterials materials, FinetuningRecord record, string path, RunStorage storage)
    {
        using var opened = new Opened();
        RunDirectory run = opened.Add(RunDirectory.Open(path, storage));
        return opened.HandOver(new TrialRun(materials, record, Read(run), run));
    }

    private static TrialRecord Read(RunDirectory run) => run.Manifest.ConfigurationAs(FinetuningJson.Default.TrialRecord, Kind, run.Path);

    /// <summary>Begins a trial.</summary>
    public static TrialRun Create(
        FinetuningMaterials materials, FinetuningRecord record, TrialRecord trial, RunManifest of, string path, RunStorage storage)
    {
        RunManifest manifest = of with
        {
            Kind = Kind,
            Created = DateTimeOffset.UtcNow,
            Configuration = JsonSerializer.SerializeToElement(trial, FinetuningJson.Default.TrialRecord),
        };
        return new TrialRun(materials, record, trial, RunDirectory.Create(path, manifest, storage));
    }

    /// <summary>Trains until the trial's budget or patience is at its end. Null when it was cancelled; it is saved then.</summary>
    public TrialResult? Train(IProgress<TrainingProgress>? progress, PeakThroughput peak, CancellationToken cancel, TimeProvider? time)
    {
        // Who was killed between the end of a trial and its line in trials.jsonl has it all in the log.
        TrainingEvent? last = EndOfLog();
        if (last == null)
        {
            using Classification objective = _materials.Build(_trial.Setting, _record.MicroBatch.Tokens);
            using var trainer = new Trainer(objective, Settings(objective), _run, time)
            {
                Peak = peak,
                ExpectedStep = ExpectedStep(objective),
                KeepGoing = (state, evaluation) =>
                {
                    KeepIfBest(objective, state, evaluation);
                    return !new EvaluationHistory(_run.Events.History()).IsOutOfPatience(_record.Configuration.Patience);
                },
            };
            if (trainer.Run(progress, cancel).End == TrainingEnd.Interrupted)
            {
                return null;
            }

            last = EndOfLog() ?? throw new RunDamagedException(_run.Path, "the log has no end though training has");
        }

        return Result(last);
    }

    public void Dispose() => _run.Dispose();

    // Its share of the measured time of a pass over the training set.
    private StepCost ExpectedStep(Classification objective)
    {
        double steps = objective.StepsInEpoch;
        return new StepCost(
            TimeSpan.FromSeconds(_record.EpochSeconds / steps), _materials.Train.Sequences.TokenCount / steps, 1 / steps);
    }

    private TrainerSettings Settings(Classification objective)
    {
        FinetuningConfiguration c = _record.Configuration;
        return new TrainerSettings
        {
            Budget = _trial.Budget,
            Schedule = c.ScheduleOf(_trial.Setting.LearningRate),
            Optimizer = new AdamWConfiguration { WeightDecay = c.WeightDecay },
            ClipNorm = c.ClipNorm,
            Seed = _trial.Setting.Seed,
            Evaluation = new Interval(Steps: Math.Max(1, (long)Math.Round(objective.StepsInEpoch / c.EvaluationsPerEpoch))),
            Checkpoints = new CheckpointPolicy { Every = c.Checkpoints },
            // With a lower rate the trial would no longer be of its setting; where there are others, they may do better.
            Divergence = c.Grid.Settings > 1 ? new DivergencePolicy { MaximumRollbacks = 0 } : new DivergencePolicy(),
        };
    }

    // A checkpoint may follow the end. Where the best that was measured is not kept, the process was killed just before: not ended.
    private TrainingEvent? EndOfLog()
    {
        IReadOnlyList<TrainingEvent> log = EventLog.Read(Path.Join(_run.Path, RunDirectory.EventsName));
        return log.LastOrDefault(e => e.Event != "checkpoint") is { Event: "finished" or "stopped" or "diverged" } last
            && ReadBest()?.Accuracy >= (new EvaluationHistory(log).Best?.Evaluation!.Value ?? 0) ? last : null;
    }

    /// <summary>Saves the model if none of this trial was better.</summary>
    private void KeepIfBest(Classification objective, TrainingState state, Evaluation evaluation)
    {
        if (evaluation.Value > (ReadBest()?.Accuracy ?? double.NegativeInfinity))
        {
            var best = new TrialBest(state.Step, state.Epochs, evaluation.Value, evaluation.Loss);
            _run.Storage.WriteFolder(_best, folder =>
            {
                ModelFolder.Write(
                    folder, objective.Parameters, objective.Configuration, _materials.Tokenizer, ModelHead.Classifier(_materials.Labels));
                RunStorage.WriteThrough(
                    Path.Join(folder, BestRecordName), new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(best, FinetuningJson.Default.TrialBest)));
            });
        }
    }

    private TrialBest? ReadBest()
    {
        string path = Path.Join(_best, BestRecordName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), FinetuningJson.Default.TrialBest) : null;
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no result: {e.Message}; remove {_run.Path}, and the trial begins anew", e);
        }
    }

    private TrialResult Result(TrainingEvent last) => new(
        _trial.Trial, _trial.Setting, Enum.Parse<TrainingEnd>(last.Event, ignoreCase: true), ReadBest()!, last.Step, last.Tokens, last.Epochs,
        last.Elapsed, last.EvaluationSeconds, last.SavingSeconds, last.ProductFlops, last.ElectraFlops,
        last.Event == "stopped" ? $"no better accuracy in {_record.Configuration.Patience} evaluations" : last.Message);
}
