using Espalier.Pipeline.Grids;
using Espalier.Text.Bitext;
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
    /// <param name="moved">Where its data lies now; null keeps what the run says.</param>
    /// <exception cref="RunException">There is no run, it is one whose model cannot be compressed, has no model yet, or its data is not
    /// what it was.</exception>
    /// <exception cref="Compression.CompressionException">It has fewer heads or feed-forward units than are to stay.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static ICompressionTask Open(GridConfiguration configuration, CancellationToken cancel = default, MovedData? moved = null)
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
            case FinetuningRun.Kind when moved?.Pairs == null:
                FinetuningConfiguration f = manifest.ConfigurationAs(FinetuningJson.Default.FinetuningRecord, FinetuningRun.Kind, run).Configuration;
                f = moved?.Labelled?.Invoke(f) ?? f;
                ThrowUnlessThere(run, ("--train", [f.Train]), ("--dev", [f.Development]));
                return ClassificationTask.Open(configuration, cancel, moved?.Labelled);
            case FinetuningRun.Kind:
                throw new RunException(run, "is a finetuning run, which has no pairs of sentences; name where its data lies now with --train and --dev");
            case TranslationRun.Kind when moved?.Labelled == null:
                ParallelCorpus c = TranslationRecord.Read(run, manifest).Configuration.Corpus;
                c = moved?.Pairs?.Invoke(c) ?? c;
                ThrowUnlessThere(
                    run, ("--train-source", c.TrainSource), ("--train-target", c.TrainTarget), ("--dev-source", [c.DevelopmentSource]),
                    ("--dev-target", [c.DevelopmentTarget]));
                return TranslationTask.Open(configuration, cancel, moved?.Pairs);
            case TranslationRun.Kind:
                throw new RunException(
                    run, "is a translation run; name where its pairs lie now with --train-source, --train-target and, if it has a development set, --dev-source and --dev-target");
            case var kind:
                throw new RunException(
                    run, $"is a run of {kind}, whose model has no task to be measured by; expected one of {FinetuningRun.Kind} or {TranslationRun.Kind}");
        }
    }

    private static void ThrowUnlessThere(string run, params (string Option, IReadOnlyList<string?> Paths)[] data)
    {
        (string Option, string Path)[] missing =
        [
            .. from d in data
               from path in d.Paths
               where path != null && !File.Exists(path) && !Directory.Exists(path)
               select (d.Option, path),
        ];
        if (missing.Length > 0)
        {
            throw new RunException(
                run, $"was trained with {string.Join(" and ", missing.Select(m => m.Path))}, which {(missing.Length == 1 ? "is" : "are")} not there; "
                    + $"put that back, or name where it lies now with {string.Join(" and ", missing.Select(m => m.Option).Distinct())}");
        }
    }
}
