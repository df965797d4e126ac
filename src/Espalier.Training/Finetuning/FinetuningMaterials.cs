using System.Security.Cryptography;
using System.Text;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Text.Batching;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Finetuning;

/// <summary>Device, tokenizer, examples and the model to begin from: what all trials of a run have in common.</summary>
internal sealed class FinetuningMaterials : IDisposable
{
    private FinetuningMaterials(
        CpuDevice device, LabelledSplits sets, Tokenizer tokenizer, EncoderConfiguration model, string? source, int maximumTokens,
        CancellationToken cancel)
    {
        (Device, Sets, Tokenizer, Model, Source) = (device, sets, tokenizer, model, source);
        SourceFingerprint = source == null ? null : ModelSource.Fingerprint(source);
        Train = EncodedExamples.Encode(sets.Train, tokenizer, maximumTokens, cancel);
        Development = EncodedExamples.Encode(sets.Development, tokenizer, maximumTokens, cancel);
    }

    public CpuDevice Device { get; }

    public LabelledSplits Sets { get; }

    public IReadOnlyList<string> Labels => Sets.Train.Labels.Names;

    public Tokenizer Tokenizer { get; }

    /// <summary>The encoder; its dropout is each trial's own.</summary>
    public EncoderConfiguration Model { get; }

    public string? SourceFingerprint { get; }

    public EncodedExamples Train { get; }

    public EncodedExamples Development { get; }

    private string? Source { get; }

    public static FinetuningMaterials Open(FinetuningConfiguration c, CancellationToken cancel = default)
    {
        string? source = c.From == null ? null : ModelSource.Find(c.From);
        Tokenizer tokenizer = Tokenizer.Load(source ?? c.Tokenizer!);
        EncoderConfiguration model = source != null
            ? ModelFolder.ReadConfiguration(source)
            : c.Model! with { Vocabulary = tokenizer.VocabularySize, MaximumPositions = c.MaximumTokens };
        if (tokenizer.VocabularySize > model.Vocabulary)
        {
            throw new RunMismatchException(
                source!, $"the tokenizer has {tokenizer.VocabularySize} symbols, the model {model.Vocabulary}; they do not belong together");
        }

        if (source != null)
        {
            // A model that is cut short is found before a run is made of it.
            SafetensorsFile.Open(Path.Join(source, ModelFolder.WeightsName)).Dispose();
        }

        LabelledSplits sets = LabelledSplits.Open(c.Train, c.Development, c.Columns, c.DevelopmentFraction, c.DevelopmentSeed);
        var device = new CpuDevice(c.Threads);
        try
        {
            return new FinetuningMaterials(
                device, sets, tokenizer, model, source, Math.Min(c.MaximumTokens, model.MaximumPositions), cancel);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>SHA-256 over the examples of both sets and their labels: what decides training, however it is stored.</summary>
    public string DataFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (LabelledSet set in new[] { Sets.Train, Sets.Development })
        {
            foreach (LabelledExample example in set.Examples)
            {
                hash.AppendData(Encoding.UTF8.GetBytes($"{example.First}\n{example.Second}\n{set.Labels.Names[example.Label]}\n"));
            }

            hash.AppendData([0]);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The encoder with a trial's dropout.</summary>
    public EncoderConfiguration EncoderOf(TrialSetting setting)
        => Model with { Dropout = setting.Dropout, AttentionDropout = setting.Dropout };

    /// <summary>A trial's model as it begins, and its batches.</summary>
    public Classification Build(TrialSetting setting, int microBatchTokens) => Classification.Create(
        Device, EncoderOf(setting), Labels.Count, Train,
        new SequenceBatchOptions { BatchSequences = setting.Batch, MicroBatchTokens = microBatchTokens }, Development, setting.Seed, Source);

    public void Dispose() => Device.Dispose();
}
