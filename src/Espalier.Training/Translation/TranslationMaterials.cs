using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Espalier.Engine.Devices;
using Espalier.Text.Batching;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;

namespace Espalier.Training.Translation;

/// <summary>Device, tokenizer, pairs and model of a translation run, which live as long as one another.</summary>
internal sealed class TranslationMaterials : IDisposable
{
    private TranslationObjective? _objective;

    private TranslationMaterials(CpuDevice device, Tokenizer tokenizer, EncodedPairs train, EncodedPairs development)
        => (Device, Tokenizer, Train, Development) = (device, tokenizer, train, development);

    public CpuDevice Device { get; }

    public Tokenizer Tokenizer { get; }

    public EncodedPairs Train { get; }

    public EncodedPairs Development { get; }

    public TranslationObjective Objective => _objective ?? throw new InvalidOperationException("the model is not built yet");

    /// <summary>What was left out of the pairs and what was odd.</summary>
    public IEnumerable<string> Warnings => Train.Warnings.Concat(Development.Warnings).Select(w => w.ToString()).Distinct();

    /// <summary>Tokens of the training pairs as they pass through the model.</summary>
    public long TrainTokens => Train.Sources.TokenCount + (long)Train.Targets.TokenCount + (2L * Train.Sources.Count);

    /// <summary>Reads the pairs, and learns a tokenizer from them where none is given.</summary>
    /// <param name="c">The configuration.</param>
    /// <param name="tokenizer">Where the tokenizer lies; null learns one.</param>
    /// <param name="progress">Told the part that is done.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="Text.TextException">A file cannot be read, or no pair is left.</exception>
    public static TranslationMaterials Open(
        TranslationConfiguration c, string? tokenizer, IProgress<double>? progress, CancellationToken cancel)
    {
        Tokenizer joint = tokenizer != null ? Text.Tokenization.Tokenizer.Load(tokenizer)
            : new BpeTrainer(new BpeTrainerOptions { VocabularySize = c.Vocabulary })
                .TrainFiles([.. c.TrainSource, .. c.TrainTarget], progress: null, cancel).Tokenizer;
        EncodedPairs train = EncodedPairs.Encode(
            [.. c.TrainSource.Zip(c.TrainTarget, (s, t) => new ParallelSetOptions { Source = s, Target = t })], joint, c.MaximumTokens,
            keepReferences: false, progress, cancel);

        // What is measured is not chosen: nothing but what the model cannot read is left out.
        EncodedPairs development = EncodedPairs.Encode(
            new ParallelSetOptions { Source = c.DevelopmentSource, Target = c.DevelopmentTarget, MaxWords = int.MaxValue, MaxRatio = int.MaxValue },
            joint, c.MaximumTokens, keepReferences: true, progress: null, cancel);
        return new TranslationMaterials(new CpuDevice(c.Threads), joint, train, development);
    }

    /// <summary>SHA-256 over the tokens of all pairs: what decides training, however it is stored.</summary>
    public string DataFingerprint()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (TokenSequences side in new[] { Train.Sources, Train.Targets, Development.Sources, Development.Targets })
        {
            for (int i = 0; i < side.Count; i++)
            {
                hash.AppendData(BitConverter.GetBytes(side[i].Length));
                hash.AppendData(MemoryMarshal.AsBytes(side[i]));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Builds and initializes the model.</summary>
    public void Build(TranslationConfiguration c) => _objective = TranslationObjective.Create(
        Device, c.Model, Train, Development, Tokenizer,
        new SequenceBatchOptions { BatchTokens = c.BatchTokens, MicroBatchTokens = c.MicroBatchTokens }, c.Seed);

    public void Dispose()
    {
        _objective?.Dispose();
        Device.Dispose();
    }
}
