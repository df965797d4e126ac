using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>The best model of a translation run with all that it was trained and measured on, for whoever goes on from it.</summary>
public sealed class TranslationModel : IDisposable
{
    private readonly TranslationMaterials _materials;

    private TranslationModel(string folder, TranslationMaterials materials, TranslationRecord record, IReadOnlyList<TrainingEvent> log)
    {
        (Folder, _materials, Record) = (folder, materials, record);
        Configuration = TranslationFolder.ReadConfiguration(folder);
        TrainingEvent? trained = log.LastOrDefault(e => e.Epochs > 0);
        EpochSeconds = trained == null ? 0 : trained.Elapsed / trained.Epochs;
        EvaluationSeconds = EventLog.EvaluationSeconds(log, TranslationObjective.Metric).DefaultIfEmpty().Average();
    }

    /// <summary>The folder of the model.</summary>
    public string Folder { get; }

    /// <summary>What the run was.</summary>
    public TranslationRecord Record { get; }

    /// <summary>The model's configuration.</summary>
    public EncoderDecoderConfiguration Configuration { get; }

    /// <summary>Where it runs.</summary>
    public CpuDevice Device => _materials.Device;

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer => _materials.Data.Tokenizer;

    /// <summary>What it is measured on, in training and after.</summary>
    public EncodedPairs Development => _materials.Data.Development;

    /// <summary>Seconds of a pass over the training set, as the run's log has them.</summary>
    public double EpochSeconds { get; }

    /// <summary>Seconds of an evaluation on <see cref="Development"/>, as the run's log has them.</summary>
    public double EvaluationSeconds { get; }

    /// <summary>Opens the model of a run, with its data.</summary>
    /// <param name="run">The folder of a translation run that has a model.</param>
    /// <param name="threads">Worker threads; 0 takes every core, null as many as the run had.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="moved">Changes the paths of the data to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">It is no translation run, has no model yet, or its data is not what it was.</exception>
    /// <exception cref="ConfigurationException">The moved files are not one for the other.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static TranslationModel Open(
        string run, int? threads = null, CancellationToken cancel = default, Func<ParallelCorpus, ParallelCorpus>? moved = null)
    {
        RunManifest manifest = RunDirectory.ReadManifest(run);
        TranslationRecord record = TranslationRecord.Read(run, manifest);
        string folder = ModelSource.Find(run);
        TranslationConfiguration c = record.Configuration;
        c = moved == null ? c : c with { Corpus = moved(c.Corpus) };
        ConfigurationException.ThrowIfAny("the pairs", c.Corpus.Validate());
        TranslationData data = TranslationData.Read(c, Path.Join(folder, ModelFolder.TokenizerName), progress: null, cancel);
        if (data.Tokenizer.Fingerprint != manifest.TokenizerFingerprint || data.Fingerprint != manifest.DataFingerprint)
        {
            throw new RunMismatchException(
                run, moved == null ? $"the tokenizer in {folder} or the data, such as {c.Corpus.TrainSource[0]}, is not what the run was made with; put that back"
                    : $"the files that are named are not those that the run was made with, or the tokenizer in {folder} is not; name the same files, in their order");
        }

        using var opened = new Opened();
        TranslationMaterials materials = opened.Add(new TranslationMaterials(data, threads ?? c.Threads));
        return opened.HandOver(new TranslationModel(folder, materials, record, EventLog.Read(Path.Join(run, RunDirectory.EventsName))));
    }

    /// <summary>A model of the same task with its batches, as the run had them; its weights are the caller's to fill in.</summary>
    /// <param name="configuration">Its configuration.</param>
    /// <param name="seed">Seed of the order of the data.</param>
    public TranslationObjective CreateObjective(EncoderDecoderConfiguration configuration, ulong seed) => TranslationObjective.Create(
        Device, configuration, _materials.Data.Train, Development, Tokenizer,
        new SequenceBatchOptions { BatchTokens = Record.Configuration.BatchTokens, MicroBatchTokens = Record.Configuration.MicroBatchTokens }, seed);

    /// <inheritdoc/>
    public void Dispose() => _materials.Dispose();
}
