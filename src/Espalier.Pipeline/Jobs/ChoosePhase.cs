using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Grids;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Jobs;

/// <summary>Chooses the model that becomes the package: of all that were made, or the best there is where none was.</summary>
internal static class ChoosePhase
{
    /// <summary>Chooses.</summary>
    /// <param name="job">The job.</param>
    /// <param name="among">Which packages, by their folders from the job's, there is a choice of; null for all.</param>
    /// <exception cref="RunException">There is no model of any kind yet.</exception>
    public static void Run(JobWork job, Func<string, bool>? among = null)
    {
        string folder = OfTask(job, among) ?? EncoderPhase.Choose(job);
        if (job.Settings.IsClassifier && Trained(job) == null)
        {
            job.Note("No classifier could be trained; the package is the pretrained encoder.");
        }

        job.Update(r => r with { Chosen = NameOf(job, folder) });
    }

    /// <summary>The best cell of all compression, and the folder of its package.</summary>
    /// <exception cref="CompressionException">There is none.</exception>
    public static (string Folder, CellResult Cell) Best(JobWork job, Func<string, bool>? among = null)
    {
        (string Folder, CellResult Cell)[] cells = [.. Cells(job).Where(c => c.Cell.Measures != null && among?.Invoke(NameOf(job, c.Folder)) != false)];
        DeploymentLimits limits = job.Settings.Limits;
        DeploymentLimits inner = limits with { MaxBytes = limits.MaxBytes is { } most ? Math.Max(1, most - PackageSizes.CardBytes) : null };
        return ModelChoices.Choose(cells, c => Measures(job, c), UncompressedQuality(job), inner, MetricOf(job)).Chosen;
    }

    /// <summary>Whether a cell's package is likely to keep to the limit of its size.</summary>
    public static bool Fits(JobWork job, CellResult cell) => !(cell.Measures?.Bytes + PackageSizes.CardBytes > job.Settings.Limits.MaxBytes);

    /// <summary>Every cell of every round that has ended, those that failed too, and the folder of its package.</summary>
    public static IEnumerable<(string Folder, CellResult Cell)> Cells(JobWork job) => job.GridFolders.SelectMany(CellsOf);

    /// <summary>The same of a folder of compression.</summary>
    public static IEnumerable<(string Folder, CellResult Cell)> CellsOf(string grid)
        => from round in Enumerable.Range(1, CompressPhase.MostRounds).Select(round => CompressPhase.RoundOf(grid, round))
           where RunDirectory.IsAt(round)
           from cell in CompressionGrid.ReadCells(round)
           select (Path.Join(round, CompressionGrid.CellsName, cell.Name), cell);

    /// <summary>The run that came to the best model of the job's task: a finetuning, or the training of one that translates; null where
    /// none came to any.</summary>
    public static string? Trained(JobWork job) => job.Settings.IsTranslator ? FinetunePhase.PretrainedModel(job)
        : job.FinetuneFolders.Where(run => Directory.Exists(Path.Join(run, RunDirectory.ModelName)))
            .MaxBy(run => FinetunedModel.ReadBest(run)?.Best.Accuracy);

    /// <summary>What the quality of the job's models is.</summary>
    public static QualityMetric MetricOf(JobWork job) => job.Settings.IsTranslator ? QualityMetric.Bleu : QualityMetric.Accuracy;

    /// <summary>The best model's quality on the development set, before compression.</summary>
    public static double UncompressedQuality(JobWork job)
    {
        if (!job.Settings.IsTranslator)
        {
            return job.FinetuneFolders.Max(run => FinetunedModel.ReadBest(run)?.Best.Accuracy)
                ?? throw new RunException(job.FinetuneFolder, "none of its trials has ended, so there is no finetuned model");
        }

        // One whose training was cut short before its first evaluation is not known to get anything right.
        string trained = Trained(job) ?? throw new RunException(job.PlanFolder, "no model that translates was trained");
        return TranslationFolder.ReadBest(ModelSource.Find(trained))?.Bleu ?? 0;
    }

    // What was measured again counts: of many models under a limit of latency the best is the one that was lucky.
    private static ModelMeasures Measures(JobWork job, (string Folder, CellResult Cell) of)
        => job.Record.Latencies.TryGetValue(NameOf(job, of.Folder), out double latency)
            ? of.Cell.Measures! with { Latency = latency } : of.Cell.Measures!;

    private static string NameOf(JobWork job, string folder) => Path.GetRelativePath(job.Folder, folder);

    private static string? OfTask(JobWork job, Func<string, bool>? among)
    {
        (string, CellResult Cell)[] cells = [.. Cells(job)];
        if (cells.Any(c => c.Cell.Measures != null))
        {
            return Best(job, among).Folder;
        }

        if (Trained(job) is not { } trained)
        {
            return null;
        }

        string why = cells.Select(c => c.Cell.Failure).FirstOrDefault() ?? "";
        job.Note($"No compressed model could be made; the package is the trained model as it is. {why}".TrimEnd());
        return ModelSource.Find(trained);
    }
}
