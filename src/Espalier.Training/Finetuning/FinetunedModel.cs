using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary>The best model of a finetuning run with all that it was trained and measured on, for whoever goes on from it.</summary>
public sealed class FinetunedModel : IDisposable
{
    private readonly FinetuningMaterials _materials;

    private FinetunedModel(string folder, FinetuningMaterials materials, FinetuningRecord record, TrialResult best)
    {
        (Folder, _materials, Record, Best) = (folder, materials, record, best);
        Configuration = ModelFolder.ReadConfiguration(folder);
    }

    /// <summary>The folder of the model.</summary>
    public string Folder { get; }

    /// <summary>What the run was.</summary>
    public FinetuningRecord Record { get; }

    /// <summary>The trial that it comes from.</summary>
    public TrialResult Best { get; }

    /// <summary>The model's encoder.</summary>
    public EncoderConfiguration Configuration { get; }

    /// <summary>Where it runs.</summary>
    public CpuDevice Device => _materials.Device;

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => _materials.Tokenizer;

    /// <summary>Its classes, in order.</summary>
    public IReadOnlyList<string> Labels => _materials.Labels;

    /// <summary>What it was trained on.</summary>
    public EncodedExamples Train => _materials.Train;

    /// <summary>What it was measured on.</summary>
    public EncodedExamples Development => _materials.Development;

    /// <summary>The trial that a run's model comes from; null where none has ended.</summary>
    /// <param name="run">The folder of a finetuning run.</param>
    /// <exception cref="RunDamagedException">Its results cannot be read.</exception>
    public static TrialResult? ReadBest(string run) => FinetuningOutcome.BestOf(TrialLog.Read(run));

    /// <summary>Most tokens of an example that a run was trained with and measured on; null where it is no finetuning run.</summary>
    /// <param name="run">The folder of a run.</param>
    /// <exception cref="RunException">There is none, or it is damaged.</exception>
    public static int? ReadMaximumTokens(string run)
    {
        RunManifest manifest = RunDirectory.ReadManifest(run);
        return manifest.Kind == FinetuningRun.Kind ? FinetuningPreparation.Read(run, manifest).Configuration.MaximumTokens : null;
    }

    /// <summary>Opens the model of a run, with its data.</summary>
    /// <param name="run">The folder of a finetuning run in which a trial has ended.</param>
    /// <param name="threads">Worker threads; 0 takes every core, null as many as the run had.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="moved">Changes the paths in its configuration to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">It is no finetuning run, has no model yet, or its data is not what it was.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static FinetunedModel Open(
        string run, int? threads = null, CancellationToken cancel = default, Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
    {
        RunManifest manifest = RunDirectory.ReadManifest(run);
        FinetuningRecord record = FinetuningPreparation.Read(run, manifest);
        string folder = ModelSource.Find(run);
        TrialResult best = FinetuningOutcome.BestOf(TrialLog.Read(run))
            ?? throw new RunException(run, "none of its trials has ended yet; let it end, or resume it");

        // What it began from, a pretrained model perhaps, is not needed any more and may be gone.
        FinetuningConfiguration configuration = FinetuningPreparation.Moved(record.Configuration, moved) with { From = null, Tokenizer = folder };
        var materials = FinetuningMaterials.Open(
            threads is { } t ? configuration with { Threads = t } : configuration, cancel);
        try
        {
            FinetuningPreparation.VerifyData(run, manifest, record with { Configuration = configuration }, materials);
            return new FinetunedModel(folder, materials, record, best);
        }
        catch
        {
            materials.Dispose();
            throw;
        }
    }

    /// <summary>A model of the same task with its batches, as the best trial had them; its weights are the caller's to fill in.</summary>
    /// <param name="configuration">Its encoder.</param>
    /// <param name="seed">Seed of the order of the data.</param>
    public Classification CreateObjective(EncoderConfiguration configuration, ulong seed) => Classification.Create(
        Device, configuration, Labels.Count, Train,
        new SequenceBatchOptions { BatchSequences = Best.Setting.Batch, MicroBatchTokens = Record.MicroBatch.Tokens },
        Development, seed, pretrained: null);

    /// <inheritdoc/>
    public void Dispose() => _materials.Dispose();
}
