using Espalier.Engine.Devices;
using Espalier.Text.Batching;
using Espalier.Training.Objectives;

namespace Espalier.Training.Translation;

/// <summary>Device and model of a translation run, which live as long as one another, and the data, which may be others' too.</summary>
internal sealed class TranslationMaterials(TranslationData data, int threads) : IDisposable
{
    private TranslationObjective? _objective;

    public CpuDevice Device { get; } = new(threads);

    public TranslationData Data { get; } = data;

    public TranslationObjective Objective => _objective ?? throw new InvalidOperationException("the model is not built yet");

    /// <summary>Builds and initializes the model.</summary>
    public void Build(TranslationConfiguration c) => _objective = TranslationObjective.Create(
        Device, c.Model, Data.Train, Data.Development, Data.Tokenizer,
        new SequenceBatchOptions { BatchTokens = c.BatchTokens, MicroBatchTokens = c.MicroBatchTokens }, c.Seed);

    public void Dispose()
    {
        _objective?.Dispose();
        Device.Dispose();
    }
}
