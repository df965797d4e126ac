using System.Text;
using Espalier.Pipeline.Packages;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Writes the folder that is shipped: the chosen model's files, and a card that says what they are.</summary>
internal static class PackagePhase
{
    /// <summary>Writes it, whole or not at all; one that stood there is replaced.</summary>
    public static PackageMeasure Run(JobWork job, CancellationToken cancel)
    {
        string chosen = job.PathOf(job.Record.Chosen ?? throw new RunException(job.Folder, "no model was chosen, so there is none to package"));
        PackageMeasure measure = PackageMeasure.Of(job, chosen, cancel);
        foreach (var missed in measure.Outcome.Missed ?? [])
        {
            job.Note($"A goal is not met: {ModelCard.Words(missed)}.");
        }

        string card = ModelCard.Write(job.Record, measure.Outcome, PlanPhase.Words(job));
        try
        {
            if (Directory.Exists(job.PackageFolder))
            {
                Directory.Delete(job.PackageFolder, recursive: true);
            }

            AtomicFolder.Write<object?>(job.PackageFolder, folder =>
            {
                foreach (string name in ModelPackage.Files)
                {
                    File.Copy(Path.Join(chosen, name), Path.Join(folder, name));
                }

                AtomicFile.Write(Path.Join(folder, ModelCard.FileName), stream => stream.Write(Encoding.UTF8.GetBytes(card)));
                return null;
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunStorageException(job.PackageFolder, e);
        }

        return measure;
    }
}
