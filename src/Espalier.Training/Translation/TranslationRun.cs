using System.Reflection;
using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Timing;

namespace Espalier.Training.Translation;

/// <summary>
/// A translation run with all that it needs. Its folder is a run's; <c>model/</c> holds the best model by BLEU on the
/// development set, <c>tokenizer.json</c> the joint tokenizer, <c>snapshots/</c> the weights that are averaged at the end.
/// </summary>
public sealed class TranslationRun : IDisposable
{
    /// <summary>The kind in <c>run.json</c>.</summary>
    public const string Kind = "translation";

    private readonly TranslationMaterials _materials;
    private readonly RunDirectory _run;
    private readonly Snapshots _snapshots;

    private TranslationRun(TranslationMaterials materials, RunDirectory run, TranslationRecord record)
    {
        (_materials, _run, Record) = (materials, run, record);
        _snapshots = new Snapshots(run, record.Configuration.Average);
    }

    /// <summary>What the run is.</summary>
    public TranslationRecord Record { get; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>Values of all parameters.</summary>
    public long Parameters => _materials.Objective.Parameters.Count;

    /// <summary>Effective batches of a pass over the data.</summary>
    public long StepsInEpoch => _materials.Objective.StepsInEpoch;

    /// <summary>What was odd in the data, and what differs from when the run was made.</summary>
    public IReadOnlyList<string> Warnings { get; private init; } = [];

    /// <summary>Makes a run: reads the data, learns the tokenizer, fills in what was left open, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or without a run.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="progress">Told the part of the data that is read.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    /// <exception cref="RunException">There is a run already, or the folder cannot be written.</exception>
    public static TranslationRun Create(
        string path, TranslationConfiguration configuration, IProgress<double>? progress = null, CancellationToken cancel = default)
        => Create(path, configuration, new RunStorage(), PeakThroughput.Measure, progress, cancel);

    /// <summary>Opens a run to go on with it.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="budget">Makes the new budget of the old one and of what is spent; null keeps it.</param>
    /// <param name="moved">Changes the paths in its configuration to where the same files lie now; null keeps them.</param>
    /// <param name="cancel">Stops reading the data; nothing was changed.</param>
    /// <exception cref="RunException">There is none, it is another kind, another process works on it, it is damaged, or its data or
    /// tokenizer is no longer what it was.</exception>
    /// <exception cref="ConfigurationException">The new budget has faults.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static TranslationRun Resume(
        string path, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget = null,
        Func<TranslationConfiguration, TranslationConfiguration>? moved = null, CancellationToken cancel = default)
        => Resume(path, new RunStorage(), budget, moved, cancel);

    /// <summary>Trains until the budget is used up or patience is at its end, and keeps the best model.</summary>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancel">Saves and returns.</param>
    /// <param name="time">The clock; the system's when null.</param>
    /// <exception cref="RunStorageException">The disk is full or failed; what was saved is untouched.</exception>
    /// <exception cref="RunDamagedException">The run has checkpoints, and none is whole.</exception>
    public TranslationOutcome Train(
        IProgress<TrainingProgress>? progress = null, CancellationToken cancel = default, TimeProvider? time = null)
    {
        TrainingOutcome outcome;
        using (var trainer = new Trainer(_materials.Objective, Record.Configuration.Training, _run, time)
        {
            ExpectedStep = new StepCost(TimeSpan.Zero, Record.Configuration.BatchTokens, 1.0 / StepsInEpoch),
            KeepGoing = (state, evaluation) =>
            {
                _snapshots.Add(_materials.Objective.Parameters, state.Step);
                KeepIfBest(evaluation, state, averaged: 1);
                return !OutOfPatience();
            },
            WriteModel = () =>
            {
                // Who is interrupted before the first evaluation has a model all the same.
                if (!System.IO.Directory.Exists(_run.ModelPath))
                {
                    WriteModel(best: null);
                }
            },
        })
        {
            outcome = trainer.Run(progress, cancel);
        }

        try
        {
            if (outcome.End is TrainingEnd.Finished or TrainingEnd.Stopped && _snapshots.Steps.Count > 1)
            {
                Average(outcome.State, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            outcome = outcome with { End = TrainingEnd.Interrupted };
        }

        return new TranslationOutcome(outcome, TranslationFolder.ReadBest(_run.ModelPath));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _materials.Dispose();
    }

    internal static TranslationRun Create(
        string path, TranslationConfiguration asked, RunStorage storage, Func<Device, double> peak,
        IProgress<double>? progress = null, CancellationToken cancel = default)
    {
        if (RunDirectory.IsAt(path))
        {
            throw new RunException(path, "there is a run here already; resume it, or name another folder");
        }

        ConfigurationException.ThrowIfAny("translation", asked.Validate());
        TranslationMaterials materials = TranslationMaterials.Open(asked, asked.Tokenizer, progress, cancel);
        RunDirectory? run = null;
        try
        {
            TranslationConfiguration c = Resolve(asked, materials);
            materials.Build(c);
            var record = new TranslationRecord(c, materials.Train.Sources.Count, materials.TrainTokens, materials.Development.Sources.Count);
            run = RunDirectory.Create(path, new RunManifest
            {
                Kind = Kind,
                Version = typeof(TranslationRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
                Created = DateTimeOffset.UtcNow,
                Machine = MachineRecord.Here(materials.Device.Description, peak(materials.Device)),
                TokenizerFingerprint = materials.Tokenizer.Fingerprint,
                DataFingerprint = materials.DataFingerprint(),
                Configuration = JsonSerializer.SerializeToElement(record, TranslationJson.Default.TranslationRecord),
            }, storage);

            // Who is killed here learns it anew when the run is resumed: it is a function of the training files.
            storage.Change(TokenizerOf(path), () => materials.Tokenizer.Save(TokenizerOf(path)));
            return new TranslationRun(materials, run, record) { Warnings = [.. materials.Warnings] };
        }
        catch
        {
            run?.Dispose();
            materials.Dispose();
            throw;
        }
    }

    internal static TranslationRun Resume(
        string path, RunStorage storage, Func<TrainingBudget, TrainingSpent, TrainingBudget>? budget = null,
        Func<TranslationConfiguration, TranslationConfiguration>? moved = null, CancellationToken cancel = default)
    {
        RunDirectory run = RunDirectory.Open(path, storage);
        TranslationMaterials? materials = null;
        try
        {
            RunManifest manifest = run.Manifest;
            TranslationRecord record = TranslationRecord.Read(path, manifest);
            TranslationConfiguration c = moved == null ? record.Configuration : moved(record.Configuration).WithFullPaths();
            materials = TranslationMaterials.Open(c, File.Exists(TokenizerOf(path)) ? TokenizerOf(path) : c.Tokenizer, null, cancel);
            Require(path, materials.Tokenizer.Fingerprint == manifest.TokenizerFingerprint, "tokenizer");
            Require(path, materials.DataFingerprint() == manifest.DataFingerprint, "data");
            List<string> warnings = [];
            if (budget != null)
            {
                TrainingState state = run.Checkpoints.Latest((_, _) => { })?.State ?? new TrainingState();
                TrainingBudget open = budget(c.Training.Budget, state.Spent)
                    .WithoutUsedUp(state.Spent, state.StepCost?.Time ?? TimeSpan.Zero, out IReadOnlyList<string> usedUp);
                if (open == new TrainingBudget() && usedUp.Count > 0)
                {
                    throw new RunException(path, $"the budget of {string.Join(", ", usedUp)} is used up already; give it more, such as --time +30m");
                }

                warnings.AddRange(usedUp.Select(limit => $"the limit of {limit} is used up and no longer holds"));
                c = c with { Training = c.Training with { Budget = open } };
                ConfigurationException.ThrowIfAny("translation", c.Validate());
            }

            if (c != record.Configuration)
            {
                record = record with { Configuration = c };
                run.Update(manifest with { Configuration = JsonSerializer.SerializeToElement(record, TranslationJson.Default.TranslationRecord) });
            }

            if (materials.Device.Description != manifest.Machine.Device)
            {
                warnings.Add($"the run was made on {manifest.Machine.Device} and goes on on {materials.Device.Description}: its last bits will differ");
            }

            materials.Build(c);
            return new TranslationRun(materials, run, record) { Warnings = warnings };
        }
        catch
        {
            materials?.Dispose();
            run.Dispose();
            throw;
        }
    }

    private static string TokenizerOf(string path) => Path.Join(path, ModelFolder.TokenizerName);

    private static void Require(string path, bool same, string what)
    {
        if (!same)
        {
            throw new RunMismatchException(path, $"the {what} is not what the run was made with; put that back, or begin another run");
        }
    }

    private static TranslationConfiguration Resolve(TranslationConfiguration asked, TranslationMaterials materials)
    {
        EncoderDecoderConfiguration model = asked.Model with
        {
            Vocabulary = materials.Tokenizer.VocabularySize,
            MaximumPositions = asked.MaximumTokens,
        };
        return asked.WithFullPaths() with
        {
            Vocabulary = materials.Tokenizer.VocabularySize,
            Model = model with { Heads = model.ActualHeads, FeedForward = model.ActualFeedForward, DecoderLayers = model.ActualDecoderLayers },
            Training = asked.Training with { Seed = asked.Seed },
            Threads = materials.Device.Threads,
        };
    }

    private void KeepIfBest(Evaluation evaluation, TrainingState state, int averaged)
    {
        // Among models that say nothing right yet, the likelier one.
        TranslationBest? best = TranslationFolder.ReadBest(_run.ModelPath);
        if (best == null || evaluation.Value > best.Bleu || (evaluation.Value == best.Bleu && evaluation.Loss < best.Loss))
        {
            WriteModel(new TranslationBest(state.Step, state.Epochs, evaluation.Value, evaluation.Loss, averaged));
        }
    }

    private void WriteModel(TranslationBest? best) => _run.Storage.WriteFolder(_run.ModelPath, folder => TranslationFolder.Write(
        folder, _materials.Objective.Parameters, Record.Configuration.Model, _materials.Tokenizer, best));

    private void Average(TrainingState state, CancellationToken cancel)
    {
        int count = _snapshots.Steps.Count;
        _snapshots.Average(_materials.Objective.Parameters);
        using var tape = new Tape(_materials.Device);
        if (_materials.Objective.Evaluate(tape, cancel) is { } evaluation)
        {
            KeepIfBest(evaluation, state, count);
        }
    }

    // Of the log alone, which a checkpoint cuts back: a resumed run stops where an uninterrupted one does.
    private bool OutOfPatience()
    {
        double[] scores =
        [
            .. EventLog.Read(Path.Join(_run.Path, RunDirectory.EventsName)).Where(e => e.Event == "evaluation").Select(e => e.Evaluation!.Value),
        ];
        int best = Array.IndexOf(scores, scores.Max());
        return Record.Configuration.Patience is > 0 and var patience && scores[best] > 0 && scores.Length - 1 - best >= patience;
    }
}
