using System.Diagnostics;
using System.Text.Json;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Tokenization;
using Espalier.Training.Budgets;
using Espalier.Training.MicroBatches;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Pretraining;

/// <summary>A pretraining run with all that it needs: device, corpus, model and run directory.</summary>
public sealed class PretrainingRun : ITrainingRun
{
    /// <summary>The kind in <c>run.json</c>.</summary>
    public const string Kind = "pretraining";

    private readonly PretrainingMaterials _materials;
    private readonly RunDirectory _run;
    private readonly StepCost _step;

    private PretrainingRun(
        PretrainingMaterials materials, RunDirectory run, PretrainingRecord record, PeakThroughput peak, TrainingSpent spent, double? timedStep = null)
    {
        (_materials, _run, Record, Peak) = (materials, run, record, peak);
        PretrainingConfiguration c = record.Configuration;
        _step = PretrainingPreparation.CostOfStep(c, materials.Objective, record.MicroBatch.StepSeconds);
        _step = timedStep is { } seconds ? _step with { Time = TimeSpan.FromSeconds(seconds) } : _step;
        Estimate = Estimated(c, spent);
    }

    /// <summary>What the run is.</summary>
    public PretrainingRecord Record { get; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>Values of all parameters of the model.</summary>
    public long Parameters => _materials.Objective.Parameters.Count;

    /// <inheritdoc/>
    public TrainerSettings Settings => Record.Configuration.Training;

    /// <summary>The machine's rate of plain matrix products, measured when this object was made and at evaluations: a machine that is shared
    /// need not be as fast as when the run was made.</summary>
    public PeakThroughput Peak { get; }

    /// <summary>What the rest of the budget comes to, as measured before the start.</summary>
    public TimeEstimate Estimate { get; }

    /// <summary>What differs from when the run was made, and may change its last bits.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Makes a run: fills in what was left open, chooses the micro-batch, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or empty.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="progress">Told the part of the preparation that is done.</param>
    /// <param name="peakFlops">The machine's rate of plain matrix products, where it was measured a moment ago; null measures it.</param>
    /// <param name="cancel">Stops it; nothing remains.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="Text.TextException">The corpus cannot be read, or holds no text.</exception>
    /// <exception cref="MicroBatchException">The model does not fit into the memory allowed.</exception>
    /// <exception cref="RunException">There is a run already, the folder cannot be written, or the model to go on from is none.</exception>
    /// <exception cref="Compression.CompressionException">The model to go on from is a package of another version.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights of the model to go on from cannot be read.</exception>
    public static PretrainingRun Create(
        string path, PretrainingConfiguration configuration, IProgress<double>? progress = null, double? peakFlops = null, CancellationToken cancel = default)
        => Create(path, configuration, new RunStorage(), peakFlops is { } peak ? _ => peak : PeakThroughput.Measure, progress, cancel);

    /// <summary>Opens a run to go on with it.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent; null keeps it.</param>
    /// <param name="data">Where its prepared corpus lies now; null where it lay.</param>
    /// <param name="cancel">Stops reading the corpus; nothing was changed.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, it is damaged, or its data
    /// set or tokenizer, or before its first checkpoint the model that it begins from, is no longer what it was.</exception>
    /// <exception cref="ConfigurationException">The new budget has faults.</exception>
    /// <exception cref="Text.TextException">The corpus cannot be read.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights that it begins from cannot be read.</exception>
    public static PretrainingRun Resume(
        string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget = null, string? data = null,
        CancellationToken cancel = default)
        => Resume(path, budget, new RunStorage(), PeakThroughput.Measure, data, cancel);

    /// <summary>What a run was made to be; null where it is no pretraining run.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="RunException">There is none, or it is damaged.</exception>
    internal static PretrainingConfiguration? ReadConfiguration(string path)
    {
        RunManifest manifest = RunDirectory.ReadManifest(path);
        return manifest.Kind == Kind ? Read(path, manifest).Configuration : null;
    }

    /// <summary>Gives a run that is not open another budget, without opening its data or measuring anything. One that has used it up
    /// is at its end: to train it is to evaluate it.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, or it cannot be written.</exception>
    /// <exception cref="ConfigurationException">The new budget has faults.</exception>
    public static void Rebudget(string path, Func<TrainingBudget, TrainingBudget> budget)
    {
        using var run = RunDirectory.Open(path, new RunStorage());
        PretrainingRecord record = Read(path, run.Manifest);
        Change(run, record, record.Configuration.Data, budget(record.Configuration.Training.Budget));
    }

    /// <summary>Trains until the budget is used up, and writes the model, also when it is interrupted.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancel">Saves and returns.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; the last good checkpoint is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    public TrainingOutcome Train(
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default, TimeProvider? time = null)
    {
        using var trainer = new Trainer(_materials.Objective, Record.Configuration.Training, _run, time)
        {
            ExpectedStep = _step,
            Peak = Peak,
            Fractions = Fractions,
            WriteModel = () => _run.Storage.WriteFolder(_run.ModelPath, WriteModel),
        };
        return trainer.Run(progress, cancel);
    }

    TrainingOutcome ITrainingRun.Train(IProgress<TrainingProgress>? progress, CancellationToken cancel) => Train(progress, cancel);

    /// <inheritdoc/>
    public TrainingOutcome TrainUntil(
        TimeSpan until, Interval evaluation, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        TimeSpan near = (evaluation.Time ?? TimeSpan.Zero) / 2;
        using var trainer = new Trainer(_materials.Objective, Record.Configuration.Training with { Evaluation = evaluation }, _run)
        {
            ExpectedStep = _step,
            Peak = Peak,
            Fractions = Fractions,
            KeepGoing = (state, _) => state.Times.Training + near < until,
        };
        return trainer.Run(progress, cancel);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _materials.Dispose();
    }

    internal static PretrainingRun Create(
        string path, PretrainingConfiguration asked, RunStorage storage, Func<Device, double> peak,
        IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        // The vocabulary is not known yet; everything else is, and a fault in it is said before anything is read or built. Where there is
        // a model to go on from, the size that was asked for does not count.
        EncoderConfiguration model = asked.From == null ? asked.Model
            : new EncoderConfiguration { Layers = 1, Hidden = 64, Vocabulary = 1, MaximumPositions = 1, Dropout = asked.Model.Dropout, AttentionDropout = asked.Model.AttentionDropout };
        ConfigurationException.ThrowIfAny(
            "pretraining", (asked with { Model = model with { Vocabulary = 1, MaximumPositions = asked.Batches.BlockTokens } }).Validate());

        long start = Stopwatch.GetTimestamp();

        // Before anything is measured: a folder that cannot be written costs no waiting.
        using RunPlace place = RunPlace.Claim(path, storage);
        using var opened = new Opened();
        PretrainingMaterials materials = opened.Add(new PretrainingMaterials(asked.Data, asked.Threads));
        PretrainedSource? source = asked.From == null ? null : PretrainedSource.Open(asked.From, materials.Tokenizer, asked.Data);
        PretrainingConfiguration resolved = PretrainingPreparation.Resolve(asked, materials, source);
        string fingerprint = materials.DataFingerprint(cancel);
        var measured = new PeakThroughput(() => peak(materials.Device));
        MicroBatchChoice choice = PretrainingPreparation.Choose(materials, resolved, new PartOfProgress(progress, 0, 0.5), cancel);
        resolved = resolved with { Batches = resolved.Batches with { MicroBatchTokens = choice.Tokens } };
        choice = PretrainingPreparation.Time(materials, resolved, choice, cancel);
        materials.Build(resolved, source);
        var record = new PretrainingRecord(
            resolved, choice, materials.Objective.UnigramPerplexity(new PartOfProgress(progress, 0.75, 1), cancel))
        {
            PreparationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
            SourceFingerprint = source?.Fingerprint,
        };
        RunDirectory run = opened.Add(place.Begin(new RunManifest
        {
            Kind = Kind,
            Version = RunManifest.CurrentVersion,
            Created = DateTimeOffset.UtcNow,
            Machine = MachineRecord.Here(materials.Device.Description, measured.Flops),
            TokenizerFingerprint = materials.Tokenizer.Fingerprint,
            DataFingerprint = fingerprint,
            Configuration = JsonSerializer.SerializeToElement(record, PretrainingJson.Default.PretrainingRecord),
        }));
        return opened.HandOver(new PretrainingRun(materials, run, record, measured, default));
    }

    internal static PretrainingRun Resume(
        string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget, RunStorage storage, Func<Device, double> peak,
        string? moved = null, CancellationToken cancel = default)
    {
        using var opened = new Opened();
        RunDirectory run = opened.Add(RunDirectory.Open(path, storage));
        RunManifest manifest = run.Manifest;
        PretrainingRecord record = Read(path, manifest);
        string data = moved == null ? record.Configuration.Data : Path.GetFullPath(moved);
        PretrainingMaterials materials = opened.Add(new PretrainingMaterials(data, record.Configuration.Threads));
        RunResumption.Require(path, materials.Tokenizer.Fingerprint == manifest.TokenizerFingerprint, $"the tokenizer in {data}");
        RunResumption.Require(path, materials.DataFingerprint(cancel) == manifest.DataFingerprint, $"the data set in {data}");
        List<string> warnings = [.. RunResumption.MachineWarnings(manifest, materials.Device)];
        TrainingState state = RunResumption.StateOf(run);
        if (budget == null)
        {
            warnings.AddRange(RunResumption.EndWarnings(record.Configuration.Training.Budget, state));
        }

        PretrainedSource? source = SourceOf(path, record, materials.Tokenizer, data);
        if (budget != null || moved != null)
        {
            TrainingBudget old = record.Configuration.Training.Budget;
            record = Change(run, record, data, budget == null ? old : RunResumption.Given(path, old, budget, state, warnings));
        }

        materials.Build(record.Configuration, source);
        return opened.HandOver(
            new PretrainingRun(materials, run, record, new PeakThroughput(() => peak(materials.Device)), state.Spent, TimedStep(path)) { Warnings = warnings });
    }

    // Once there is a checkpoint, be it of no step, what the run began from is not needed any more and may be gone.
    private static PretrainedSource? SourceOf(string path, PretrainingRecord record, Tokenizer tokenizer, string data)
    {
        if (record.Configuration.From is not { } from || CheckpointStore.NewestStep(Path.Join(path, RunDirectory.CheckpointsName)) >= 0)
        {
            return null;
        }

        try
        {
            var source = PretrainedSource.Open(from, tokenizer, data);
            RunResumption.Require(path, source.Fingerprint == record.SourceFingerprint, $"the model in {from}");
            return source;
        }
        catch (RunException e) when (e is not RunMismatchException)
        {
            throw new RunException(path, $"has saved nothing yet and needs the model that it begins from; put that back, or begin another run ({e.Message})", e);
        }
    }

    private FractionModels Fractions => new(_run, Record.Configuration.Training.Budget, WriteModel);

    private void WriteModel(string folder) => ModelFolder.Write(
        folder, _materials.Objective.Parameters, Record.Configuration.Model, _materials.Tokenizer, ModelHead.MaskedLanguageModel);

    private static PretrainingRecord Read(string path, RunManifest manifest)
        => manifest.ConfigurationAs(PretrainingJson.Default.PretrainingRecord, Kind, path);

    // Steps of the run itself, timed as in the paper, tell more than what was measured before it.
    private static double? TimedStep(string path)
        => EventLog.TimingIn(Path.Join(path, RunDirectory.EventsName))?.Mean;

    private static PretrainingRecord Change(RunDirectory run, PretrainingRecord record, string data, TrainingBudget budget)
    {
        PretrainingConfiguration changed = record.Configuration with
        {
            Data = data,
            Training = record.Configuration.Training with { Budget = budget },
        };
        ConfigurationException.ThrowIfAny("pretraining", changed.Validate());
        record = record with { Configuration = changed };
        run.Update(run.Manifest with { Configuration = JsonSerializer.SerializeToElement(record, PretrainingJson.Default.PretrainingRecord) });
        return record;
    }

    private TimeEstimate Estimated(PretrainingConfiguration c, TrainingSpent spent)
    {
        double seconds = _step.Time.TotalSeconds;
        TimeEstimate estimate = TimeEstimate.Of(c.Training.Budget, spent, seconds, _step.Tokens, _materials.Objective.StepsInEpoch);

        // Without a backward pass, which costs twice the forward one.
        double evaluation = _materials.Objective.HeldOutTokens * seconds / _step.Tokens / 3;
        Interval every = c.Training.Evaluation;
        double times = 1 + (every.Time is { } t ? estimate.Training / t : 0) + (every.Steps is { } s ? (double)estimate.Steps / s : 0);
        return estimate with { Evaluation = TimeSpan.FromSeconds(Math.Floor(times) * evaluation) };
    }
}
