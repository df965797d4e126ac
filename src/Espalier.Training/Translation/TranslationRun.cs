using System.Diagnostics;
using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Translation;

/// <summary>
/// A translation run with all that it needs. Its folder is a run's; <c>model/</c> holds the best model by BLEU on the
/// development set, <c>tokenizer.json</c> the joint tokenizer, <c>snapshots/</c> the weights that are averaged at the end.
/// </summary>
public sealed class TranslationRun : ITrainingRun
{
    /// <summary>The kind in <c>run.json</c>.</summary>
    public const string Kind = "translation";

    // Beside the first, which makes room. A weight has a gradient and two moments.
    private const int TimedSteps = 3;
    private const long StatePerWeight = 4;

    private readonly TranslationMaterials _materials;
    private readonly RunDirectory _run;
    private readonly KeptTranslator _kept;

    private TranslationRun(TranslationMaterials materials, RunDirectory run, TranslationRecord record, PeakThroughput peak)
    {
        (_materials, _run, Record, Peak) = (materials, run, record, peak);
        _kept = new KeptTranslator(run, materials, record.Configuration);
    }

    /// <summary>What the run is.</summary>
    public TranslationRecord Record { get; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>Values of all parameters.</summary>
    public long Parameters => _materials.Objective.Parameters.Count;

    /// <inheritdoc/>
    public TrainerSettings Settings => Record.Configuration.Training;

    /// <summary>Effective batches of a pass over the data.</summary>
    public long StepsInEpoch => _materials.Objective.StepsInEpoch;

    /// <summary>The machine's rate of plain matrix products, measured when this object was made and at evaluations.</summary>
    public PeakThroughput Peak { get; }

    /// <summary>What was odd in the data, and what differs from when the run was made.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Makes a run: reads the data, learns the tokenizer, fills in what was left open, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or empty.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="progress">Told the part of the data that is read.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    /// <param name="data">The data, where it was read already; null reads it.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    /// <exception cref="RunException">There is a run already, or the folder cannot be written.</exception>
    public static TranslationRun Create(
        string path, TranslationConfiguration configuration, IProgress<double>? progress = null, CancellationToken cancel = default,
        TranslationData? data = null)
        => Create(path, configuration, new RunStorage(), PeakThroughput.Measure, progress, cancel, data);

    /// <summary>Opens a run to go on with it.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent; null keeps it.</param>
    /// <param name="moved">Changes the paths in its configuration to where the same files lie now; null keeps them.</param>
    /// <param name="cancel">Stops reading the data; nothing was changed.</param>
    /// <param name="data">The data, where it was read already; null reads it.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, it is damaged, or its data or
    /// tokenizer is no longer what it was.</exception>
    /// <exception cref="ConfigurationException">The new budget has faults.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static TranslationRun Resume(
        string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget = null,
        Func<TranslationConfiguration, TranslationConfiguration>? moved = null, CancellationToken cancel = default, TranslationData? data = null)
        => Resume(path, budget, new RunStorage(), PeakThroughput.Measure, moved, cancel, data);

    /// <summary>Gives a run that is not open another budget, without opening its data or measuring anything.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, or it cannot be written.</exception>
    /// <exception cref="ConfigurationException">The new budget has faults.</exception>
    public static void Rebudget(string path, Func<TrainingBudget, TrainingBudget> budget)
    {
        using var run = RunDirectory.Open(path, new RunStorage());
        TranslationRecord record = TranslationRecord.Read(path, run.Manifest);
        TranslationPreparation.Change(
            run, record, TranslationPreparation.With(record.Configuration, budget(record.Configuration.Training.Budget)));
    }

    /// <summary>Trains until the budget is used up or patience is at its end, and keeps the best model.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancel">Saves and returns.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; what was saved is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    public TranslationOutcome Train(
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default, TimeProvider? time = null)
    {
        _materials.Objective.Translates = true;
        using var trainer = new Trainer(_materials.Objective, Record.Configuration.Training, _run, time)
        {
            Peak = Peak,
            ExpectedStep = ExpectedStep,
            KeepGoing = _kept.Take,
            Average = _kept.Average,
            WriteModel = _kept.WriteUnlessThere,
        };
        return new TranslationOutcome(trainer.Run(progress, cancel), _kept.Best);
    }

    /// <summary>Times a few steps and measures the memory that they take, before the run is trained; nothing of it changes.</summary>
    /// <param name="cancel">Stops it.</param>
    /// <returns>Median seconds of the passes forward and backward, and bytes of weights, gradients, moments and activations.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public (double Seconds, long Bytes) MeasureStep(CancellationToken cancel = default)
    {
        TranslationObjective objective = _materials.Objective;
        BatchPosition position = objective.Position;
        using var tape = new Tape(_materials.Device) { Seed = Record.Configuration.Seed };
        List<double> seconds = [];
        for (int step = 0; step <= TimedSteps; step++)
        {
            long start = Stopwatch.GetTimestamp();
            _ = objective.Step(tape, cancel);
            if (step > 0)
            {
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
        }

        objective.Seek(position);
        objective.Parameters.ForgetGradients();
        return (StepTimer.Median(seconds), (StatePerWeight * objective.Parameters.Weights.Length * sizeof(float)) + tape.CapacityBytes);
    }

    TrainingOutcome ITrainingRun.Train(IProgress<TrainingProgress>? progress, CancellationToken cancel) => Train(progress, cancel).Training;

    /// <inheritdoc/>
    public TrainingOutcome TrainUntil(
        TimeSpan until, Interval evaluation, IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default)
    {
        TimeSpan near = (evaluation.Time ?? TimeSpan.Zero) / 2;
        _materials.Objective.Translates = false;
        using var trainer = new Trainer(_materials.Objective, Record.Configuration.Training with { Evaluation = evaluation }, _run)
        {
            Peak = Peak,
            ExpectedStep = ExpectedStep,
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

    internal static TranslationRun Create(
        string path, TranslationConfiguration asked, RunStorage storage, Func<Device, double> peak,
        IProgress<double>? progress = null, CancellationToken cancel = default, TranslationData? data = null)
    {
        ConfigurationException.ThrowIfAny("translation", asked.Validate());
        long start = Stopwatch.GetTimestamp();

        // Before anything is read or measured: a folder that cannot be written costs no waiting.
        using RunPlace place = RunPlace.Claim(path, storage);
        using var opened = new Opened();
        if (data == null)
        {
            // Before a vocabulary is learned.
            ConfigurationException.ThrowIfAny("the pairs", asked.Corpus.Unequal(cancel));
            data = TranslationData.Read(asked, asked.Tokenizer, progress, cancel);
        }

        TranslationMaterials materials = opened.Add(new TranslationMaterials(data, asked.Threads));
        TranslationConfiguration c = TranslationPreparation.Resolve(asked, materials);
        var measured = new PeakThroughput(() => peak(materials.Device));
        materials.Build(c);
        var record = new TranslationRecord(c, data.Train.Sources.Count, data.TrainTokens, data.Development.Sources.Count)
        {
            HeldOut = data.HeldOut,
            PreparationSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
        RunDirectory run = opened.Add(place.Begin(new RunManifest
        {
            Kind = Kind,
            Version = RunManifest.CurrentVersion,
            Created = DateTimeOffset.UtcNow,
            Machine = MachineRecord.Here(materials.Device.Description, measured.Flops),
            TokenizerFingerprint = data.Tokenizer.Fingerprint,
            DataFingerprint = data.Fingerprint,
            Configuration = JsonSerializer.SerializeToElement(record, TranslationJson.Default.TranslationRecord),
        }));

        // Who is killed here learns it anew when the run is resumed: it is a function of the training files.
        storage.Change(TokenizerOf(path), () => data.Tokenizer.Save(TokenizerOf(path)));
        return opened.HandOver(new TranslationRun(materials, run, record, measured) { Warnings = data.Warnings });
    }

    internal static TranslationRun Resume(
        string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget, RunStorage storage, Func<Device, double> peak,
        Func<TranslationConfiguration, TranslationConfiguration>? moved = null, CancellationToken cancel = default, TranslationData? data = null)
    {
        using var opened = new Opened();
        RunDirectory run = opened.Add(RunDirectory.Open(path, storage));
        RunManifest manifest = run.Manifest;
        TranslationRecord record = TranslationRecord.Read(path, manifest);
        TranslationConfiguration c = TranslationPreparation.Moved(record.Configuration, moved);
        ConfigurationException.ThrowIfAny("the pairs", c.Corpus.Validate());
        data ??= TranslationData.Read(c, File.Exists(TokenizerOf(path)) ? TokenizerOf(path) : c.Tokenizer, null, cancel);
        RunResumption.Require(path, data.Tokenizer.Fingerprint == manifest.TokenizerFingerprint, "the tokenizer");
        RunResumption.Require(path, data.Fingerprint == manifest.DataFingerprint, "the data");
        TranslationMaterials materials = opened.Add(new TranslationMaterials(data, c.Threads));
        List<string> warnings = [.. RunResumption.MachineWarnings(manifest, materials.Device)];
        TrainingState state = RunResumption.StateOf(run);
        if (budget == null)
        {
            warnings.AddRange(RunResumption.EndWarnings(c.Training.Budget, state));
        }
        else
        {
            c = TranslationPreparation.With(c, RunResumption.Given(path, c.Training.Budget, budget, state, warnings));
        }

        if (c != record.Configuration)
        {
            record = TranslationPreparation.Change(run, record, c);
        }

        materials.Build(c);
        return opened.HandOver(new TranslationRun(materials, run, record, new PeakThroughput(() => peak(materials.Device))) { Warnings = warnings });
    }

    // Six operations for each weight and token, of which a token meets half the weights, at half of the peak.
    private StepCost ExpectedStep => new(
        TimeSpan.FromSeconds(6.0 * Parameters * Record.Configuration.BatchTokens / Peak.Flops), Record.Configuration.BatchTokens, 1.0 / StepsInEpoch);

    private static string TokenizerOf(string path) => Path.Join(path, ModelFolder.TokenizerName);
}
