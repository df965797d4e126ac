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
    /// <param name="moved">Changes the paths in a finetuning run's configuration to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">There is no run, it is one whose model cannot be compressed, has no model yet, or its data is not
    /// what it was.</exception>
    /// <exception cref="Compression.CompressionException">It has fewer heads or feed-forward units than are to stay.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static ICompressionTask Open(
        GridConfiguration configuration, CancellationToken cancel = default, Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
    {
        string run = configuration.Model;
        if (!RunDirectory.IsAt(run) && File.Exists(Path.Join(run, ModelFolder.ConfigurationName)))
        {
            throw new RunException(
                run, "is a model without its run, and there is no run here that knows the data on which accuracy is measured and won back; name the run that it comes from. "
                    + "A model's folder by itself can be quantized, with espalier quantize");
        }

        RunManifest manifest = RunDirectory.ReadManifest(run);
        switch (manifest.Kind)
        {
            case FinetuningRun.Kind:
                ThrowUnlessThere(run, manifest.ConfigurationAs(FinetuningJson.Default.FinetuningRecord, FinetuningRun.Kind, run).Configuration, moved);
                return ClassificationTask.Open(configuration, cancel, moved);
            case TranslationRun.Kind when moved == null:
                return TranslationTask.Open(configuration, cancel);
            case TranslationRun.Kind:
                throw new RunException(run, "is a translation run, which has its data where run.json says; put it back there, or a link to it");
            case var kind:
                throw new RunException(
                    run, $"is a run of {kind}, whose model has no task to be measured by; expected one of {FinetuningRun.Kind} or {TranslationRun.Kind}");
        }
    }

    private static void ThrowUnlessThere(
        string run, FinetuningConfiguration configuration, Func<FinetuningConfiguration, FinetuningConfiguration>? moved)
    {
        FinetuningConfiguration c = moved?.Invoke(configuration) ?? configuration;
        (string Option, string Path)[] missing =
        [
            .. from data in (IEnumerable<(string Option, string? Path)>)[("--train", c.Train), ("--dev", c.Development)]
               where data.Path != null && !File.Exists(data.Path) && !Directory.Exists(data.Path)
               select (data.Option, data.Path!),
        ];
        if (missing.Length > 0)
        {
            throw new RunException(
                run, $"was trained with {string.Join(" and ", missing.Select(m => m.Path))}, which {(missing.Length == 1 ? "is" : "are")} not there; "
                    + $"put that back, or name where it lies now with {string.Join(" and ", missing.Select(m => m.Option))}");
        }
    }
}
