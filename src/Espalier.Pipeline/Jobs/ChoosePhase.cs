using Espalier.Compression;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Grids;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Chooses the model that becomes the package: of all that were made, or the best there is where none was.</summary>
internal static class ChoosePhase
{
    // Without a limit of any kind the smallest that loses next to nothing is the one to ship.
    private const double Negligible = 0.005;

    /// <summary>Chooses.</summary>
    /// <exception cref="RunException">There is no model of any kind yet.</exception>
    public static void Run(JobWork job)
    {
        string folder = job.Settings.IsClassifier ? Classifier(job) : EncoderPhase.Choose(job).Folder;
        job.Update(r => r with { Chosen = Path.GetRelativePath(job.Folder, folder) });
    }

    /// <summary>The best cell of all rounds, and the folder of its package.</summary>
    /// <exception cref="CompressionException">There is none.</exception>
    public static (string Folder, CellResult Cell) Best(JobWork job)
    {
        (int Round, CellResult Cell)[] cells = [.. Cells(job)];
        double accuracy = UncompressedAccuracy(job);
        DeploymentLimits limits = job.Settings.Limits;
        DeploymentLimits inner = limits with { MaxBytes = limits.MaxBytes - PackageSizes.CardBytes };
        (int round, CellResult cell) = limits != new DeploymentLimits()
            ? ModelChoices.Choose(cells, c => c.Cell.Measures!, accuracy, inner).Chosen
            : cells.Where(c => c.Cell.Measures!.Accuracy >= accuracy - Negligible).OrderBy(c => c.Cell.Measures!.Bytes)
                .Concat(cells.OrderByDescending(c => c.Cell.Measures!.Accuracy)).Select(c => ((int, CellResult)?)c).FirstOrDefault()
                ?? throw new CompressionException("there is no compressed model to choose from");
        return (Path.Join(job.GridFolder(round), CompressionGrid.CellsName, cell.Name), cell);
    }

    /// <summary>Every cell of every round that came to something.</summary>
    public static IEnumerable<(int Round, CellResult Cell)> Cells(JobWork job)
        => from round in Rounds(job)
           from cell in CompressionGrid.ReadCells(job.GridFolder(round))
           where cell.Measures != null
           select (round, cell);

    /// <summary>Rounds of compression that have begun.</summary>
    public static IEnumerable<int> Rounds(JobWork job)
        => Enumerable.Range(1, int.MaxValue - 1).TakeWhile(round => RunDirectory.IsAt(job.GridFolder(round)));

    /// <summary>The finetuned model's accuracy on the development set.</summary>
    public static double UncompressedAccuracy(JobWork job) => FinetunedModel.ReadBest(job.FinetuneFolder)?.Best.Accuracy
        ?? throw new RunException(job.FinetuneFolder, "none of its trials has ended, so there is no finetuned model");

    private static string Classifier(JobWork job)
    {
        if (Cells(job).Any())
        {
            return Best(job).Folder;
        }

        string finetuned = Path.Join(job.FinetuneFolder, RunDirectory.ModelName);
        if (Directory.Exists(finetuned))
        {
            string why = Rounds(job).SelectMany(round => CompressionGrid.ReadCells(job.GridFolder(round))).FirstOrDefault(c => c.Failure != null)?.Failure ?? "";
            job.Note($"No compressed model could be made; the package is the finetuned model as it is. {why}".TrimEnd());
            return finetuned;
        }

        string pretrained = FinetunePhase.PretrainedModel(job)
            ?? throw new RunException(job.Folder, "no model was made, so there is none to package; mend what the phases before say, and begin anew");
        job.Note("No classifier could be trained; the package is the pretrained encoder.");
        return ModelSource.Find(pretrained);
    }
}
