using System.Security.Cryptography;
using System.Text;
using Espalier.Engine.Devices;
using Espalier.Text.Corpora;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Pretraining;

/// <summary>Corpus, device and model of a pretraining run, which live as long as one another.</summary>
internal sealed class PretrainingMaterials : IDisposable
{
    private MaskedLanguageModelling? _objective;

    public PretrainingMaterials(string data, int threads)
    {
        Corpus = PreparedCorpus.Open(data);
        try
        {
            Tokenizer = Corpus.LoadTokenizer();
            Device = new CpuDevice(threads);
        }
        catch
        {
            Corpus.Dispose();
            throw;
        }
    }

    public CpuDevice Device { get; }

    public PreparedCorpus Corpus { get; }

    public Tokenizer Tokenizer { get; }

    public MaskedLanguageModelling Objective => _objective ?? throw new InvalidOperationException("the model is not built yet");

    /// <summary>SHA-256 over those of all shards, each of which is read to see that it is still its own.</summary>
    /// <exception cref="Text.TextException">A shard is not what was prepared.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public string DataFingerprint(CancellationToken cancel)
    {
        Corpus.Verify(cancel);
        IEnumerable<string> hashes = new[] { Corpus.Manifest.Train, Corpus.Manifest.HeldOut }
            .SelectMany(split => split.Shards.Select(shard => $"{shard.TokensSha256} {shard.OffsetsSha256}").Append("."));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', hashes))));
    }

    /// <summary>Builds the model, with new weights or those of <paramref name="source"/>.</summary>
    public void Build(PretrainingConfiguration c, PretrainedSource? source)
    {
        _objective = MaskedLanguageModelling.Create(Device, c.Model, Corpus, Tokenizer, c.Batches, c.HeldOutBlocks, c.Seed);
        if (source != null)
        {
            ModelFolder.Load(source.Folder, _objective.Parameters, c.Model, withHead: true);
        }
    }

    public void Dispose()
    {
        _objective?.Dispose();
        Device.Dispose();
        Corpus.Dispose();
    }
}
