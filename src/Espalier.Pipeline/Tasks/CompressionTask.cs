using Espalier.Pipeline.Grids;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Tasks;

/// <summary>Finds out which task a run was trained for.</summary>
public static class CompressionTask
{
    /// <summary>Opens the model of a run, with its data.</summary>
    /// <param name="configuration">The run, the threads, and the heads and feed-forward units that stay.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="RunException">There is no run, it is one whose model cannot be compressed, has no model yet, or its data is not
    /// what it was.</exception>
    /// <exception cref="Compression.CompressionException">It has fewer heads or feed-forward units than are to stay.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static ICompressionTask Open(GridConfiguration configuration, CancellationToken cancel = default)
        => RunDirectory.ReadManifest(configuration.Model).Kind switch
        {
            FinetuningRun.Kind => ClassificationTask.Open(configuration, cancel),
            TranslationRun.Kind => TranslationTask.Open(configuration, cancel),
            var kind => throw new RunException(
                configuration.Model,
                $"is a run of {kind}, whose model has no task to be measured by; expected one of {FinetuningRun.Kind} or {TranslationRun.Kind}"),
        };
}
