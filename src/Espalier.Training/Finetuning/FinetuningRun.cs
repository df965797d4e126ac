using System.Diagnostics;
using System.Text.Json;
using Espalier.Engine.Models;
using Espalier.Text;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Finetuning;

/// <summary>
/// A finetuning run: the trials of a grid, one after another, and the best model of all. Its folder is a run's, with
/// <c>trials/N/</c> (a run each), <c>trials.jsonl</c>, <c>predictions.jsonl</c> and <c>confusion.json</c>.
/// </summary>
public sealed class FinetuningRun : IDisposable
{
    /// <summary>The kind in <c>run.json</c>.</summary>
    public const string Kind = "finetuning";

    private readonly FinetuningMaterials _materials;
    private readonly RunDirectory _run;
    private readonly TrialTable _table;

    private FinetuningRun(FinetuningMaterials materials, RunDirectory run, FinetuningRecord record, PeakThroughput peak)
    {
        (_materials, _run, Record, Peak) = (materials, run, record, peak);
        _table = new TrialTable(run, record);
    }

    /// <summary>What the run is.</summary>
    public FinetuningRecord Record { get; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>The machine's rate of plain matrix products, measured when this object was made and at evaluations.</summary>
    public PeakThroughput Peak { get; }

    /// <summary>What differs from when the run was made, and what was odd in the data.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Trials of the grid, in the order in which they run.</summary>
    public IReadOnlyList<TrialSetting> Trials => _table.Settings;

    /// <summary>Trials that have ended.</summary>
    public IReadOnlyList<TrialResult> Results => _table.Results;

    /// <summary>Training time of one trial, as measured before the start, should it run to its end.</summary>
    public TimeSpan EstimateOfTrial
    {
        get
        {
            double step = Record.MicroBatch.StepSeconds, steps = Record.EpochSeconds / step;
            return TimeEstimate.Of(
                Record.Configuration.Trial, default, step, _materials.Train.Sequences.TokenCount / steps, steps).Training;
        }
    }

    /// <summary>Makes a run: reads the data, fills in what was left open, measures, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or empty.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="progress">Told the part of the measurement that is done.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    /// <exception cref="MicroBatches.MicroBatchException">The model does not fit into the memory allowed.</exception>
    /// <exception cref="RunException">There is a run already, the folder cannot be written, or there is no model to begin from.</exception>
    public static FinetuningRun Create(
        string path, FinetuningConfiguration configuration, IProgress<double>? progress = null, CancellationToken cancel = default)
        => Create(path, configuration, new RunStorage(), PeakThroughput.Measure, progress, cancel);

    /// <summary>Opens a run to go on with it: trials that have ended are not run again.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="time">Makes the new time of all trials of the old one and of what is spent; null keeps it.</param>
    /// <param name="moved">Changes the paths in its configuration to where the same files lie now; null keeps them.</param>
    /// <param name="cancel">Stops reading the data; nothing was changed.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, it is damaged, or its data,
    /// tokenizer or model to begin from is no longer what it was.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    public static FinetuningRun Resume(
        string path, Func<TimeSpan?, TimeSpan, TimeSpan?>? time = null, Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null,
        CancellationToken cancel = default)
        => Resume(path, time, new RunStorage(), PeakThroughput.Measure, moved, cancel);

    /// <summary>Runs the trials that are left, keeps the best model, and writes its predictions of the development set.</summary>
    /// <param name="progress">Makes the display of a trial; told after every step of it.</param>
    /// <param name="cancel">Saves and returns; trials that have ended are not lost, nor is the one that runs.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; what was saved is untouched.</exception>
    public FinetuningOutcome Train(
        Func<int, TrialSetting, IProgress<TrainingProgress>?>? progress = null, CancellationToken cancel = default, TimeProvider? time = null)
    {
        using var clock = new TrainingClock(time ?? TimeProvider.System);
        KeepBest(clock);
        foreach (int trial in _table.Left)
        {
            using TrialRun? opened = cancel.IsCancellationRequested ? null : _table.Open(trial, _materials);
            TrialResult? result = opened?.Train(progress?.Invoke(trial, Trials[trial]), Peak, cancel, time);
            opened?.Dispose();
            if (cancel.IsCancellationRequested && result == null)
            {
                return Outcome(TrainingEnd.Interrupted, null, clock);
            }

            if (result == null)
            {
                break;
            }

            clock.Enter(TrainingPhase.Saving);
            _table.Add(result);
            KeepBest(clock);
        }

        try
        {
            ClassifierResult predictions = Predict(clock, cancel);
            return Outcome(Results.All(r => r.End == TrainingEnd.Diverged) ? TrainingEnd.Diverged : TrainingEnd.Finished, predictions, clock);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Outcome(TrainingEnd.Interrupted, null, clock);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _materials.Dispose();
    }

    internal static FinetuningRun Create(
        string path, FinetuningConfiguration asked, RunStorage storage, Func<Engine.Devices.Device, double> peak,
        IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        ConfigurationException.ThrowIfAny("finetuning", asked.Validate());
        long start = Stopwatch.GetTimestamp();

        // Before anything is read or measured: a folder that cannot be written costs no waiting.
        using RunPlace place = RunPlace.Claim(path, storage);
        using var opened = new Opened();
        FinetuningMaterials materials = opened.Add(FinetuningMaterials.Open(asked, cancel));
        var measured = new PeakThroughput(() => peak(materials.Device));
        FinetuningRecord record = FinetuningPreparation.Resolve(asked, materials, progress, cancel);
        record = record with { PreparationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds };
        RunDirectory run = opened.Add(place.Begin(new RunManifest
        {
            Kind = Kind,
            Version = RunManifest.CurrentVersion,
            Created = DateTimeOffset.UtcNow,
            Machine = MachineRecord.Here(materials.Device.Description, measured.Flops),
            TokenizerFingerprint = materials.Tokenizer.Fingerprint,
            DataFingerprint = materials.DataFingerprint(),
            Configuration = JsonSerializer.SerializeToElement(record, FinetuningJson.Default.FinetuningRecord),
        }));
        if (asked.From == null)
        {
            // Who is killed here needs it where it lay.
            storage.Change(TokenizerOf(path), () => materials.Tokenizer.Save(TokenizerOf(path)));
        }

        return opened.HandOver(new FinetuningRun(materials, run, record, measured)
        {
            Warnings = [.. materials.Sets.Train.Warnings.Concat(materials.Sets.Development.Warnings).Select(w => w.ToString()).Distinct()],
        });
    }

    internal static FinetuningRun Resume(
        string path, Func<TimeSpan?, TimeSpan, TimeSpan?>? time, RunStorage storage, Func<Engine.Devices.Device, double> peak,
        Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null, CancellationToken cancel = default)
    {
        using var opened = new Opened();
        RunDirectory run = opened.Add(RunDirectory.Open(path, storage));
        RunManifest manifest = run.Manifest;
        FinetuningRecord record = FinetuningPreparation.Read(path, manifest);
        FinetuningConfiguration asked = record.Configuration, c = FinetuningPreparation.Moved(asked, moved);
        record = record with { Configuration = c };

        // The run has its own, unless it is told of another place.
        bool own = c.From == null && c.Tokenizer == asked.Tokenizer && File.Exists(TokenizerOf(path));
        FinetuningMaterials materials = opened.Add(FinetuningMaterials.Open(own ? c with { Tokenizer = TokenizerOf(path) } : c, cancel));
        FinetuningPreparation.Verify(path, manifest, record, materials);
        if (time != null || moved != null)
        {
            var table = new TrialTable(run, record);
            TimeSpan spent = table.Spent;
            string? begun = table.Begun;
            record = record with { Configuration = c with { Time = time == null ? c.Time : time(c.Time, spent + TrialRun.Spent(begun)) } };
            ConfigurationException.ThrowIfAny("finetuning", record.Configuration.Validate());
            run.Update(manifest with { Configuration = JsonSerializer.SerializeToElement(record, FinetuningJson.Default.FinetuningRecord) });

            // With the time of all, that of the trial that has begun may have become shorter too.
            if (begun != null && time != null && record.Configuration.Time is { } whole)
            {
                TrialRun.Limit(begun, whole - spent, storage);
            }
        }

        return opened.HandOver(new FinetuningRun(materials, run, record, new PeakThroughput(() => peak(materials.Device)))
        {
            Warnings = [.. RunResumption.MachineWarnings(manifest, materials.Device)],
        });
    }

    private static string TokenizerOf(string path) => Path.Join(path, ModelFolder.TokenizerName);

    private void KeepBest(TrainingClock clock)
    {
        clock.Enter(TrainingPhase.Saving);
        _table.KeepBest();
        clock.Enter(TrainingPhase.Idle);
    }

    private ClassifierResult Predict(TrainingClock clock, CancellationToken cancel)
    {
        clock.Enter(TrainingPhase.Evaluation);
        using var model = TrainedClassifier.Load(_run.ModelPath, _materials.Device);
        ClassifierResult result = model.Measure(_materials.Development, cancel);
        clock.Enter(TrainingPhase.Saving);
        PredictionFiles.Write(_run, Record.Labels, result);
        clock.Enter(TrainingPhase.Idle);
        return result;
    }

    private FinetuningOutcome Outcome(TrainingEnd end, ClassifierResult? predictions, TrainingClock clock)
        => new(end, Results, SettingSummary.Of(Results), _table.Best, Trials.Count, predictions, clock.Times);
}
