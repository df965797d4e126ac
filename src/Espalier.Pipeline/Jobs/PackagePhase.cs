using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Text.Files;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>Writes the folder that is shipped: the chosen model's files, and a card that says what they are.</summary>
internal static class PackagePhase
{
    // How often another model is taken because the chosen one turned out slower than when it was made.
    private const int MostChoices = 3;

    /// <summary>Writes it, whole or not at all; one that stood there is replaced.</summary>
    public static PackageMeasure Run(JobWork job, CancellationToken cancel)
    {
        InferenceSpeed? speed = Settle(job, cancel);
        string chosen = job.PathOf(job.Record.Chosen!);
        (PackageMeasure measure, byte[] card) = PackageMeasure.Of(job, chosen, speed, cancel).With(
            outcome => ModelCard.Write(job.Record, outcome, PlanPhase.Words(job)), job.Settings.Limits);
        string next = job.PackageFolder + ".next", former = job.PackageFolder + ".former";
        Delete(next);
        AtomicFolder.Write<object?>(next, folder =>
        {
            foreach (string name in ModelPackage.Files)
            {
                using FileStream source = File.OpenRead(Path.Join(chosen, name));
                AtomicFile.Write(Path.Join(folder, name), source.CopyTo);
            }

            AtomicFile.Write(Path.Join(folder, ModelCard.FileName), stream => stream.Write(card));
            return null;
        });

        // Who is killed between these two begins the phase again.
        Delete(former);
        if (Directory.Exists(job.PackageFolder))
        {
            Directory.Move(job.PackageFolder, former);
        }

        Directory.Move(next, job.PackageFolder);
        Delete(former);
        return measure;
    }

    /// <summary>
    /// Measures the chosen model's speed once more, for it is the fastest of many measured once; while it is too slow that corrects its
    /// figure, and another is chosen, in the end of those alone that were measured again.
    /// </summary>
    /// <returns>The speed of the one that was chosen in the end; null for an encoder.</returns>
    private static InferenceSpeed? Settle(JobWork job, CancellationToken cancel)
    {
        job.Tell("measuring the package");
        Dictionary<string, InferenceSpeed> measured = [];
        while (true)
        {
            string chosen = job.Record.Chosen ?? throw new RunException(job.Folder, "no model was chosen, so there is none to package");
            if (measured.TryGetValue(chosen, out InferenceSpeed? known))
            {
                return known;
            }

            InferenceSpeed? speed = PackageMeasure.SpeedOf(job, job.PathOf(chosen), cancel);
            if (speed == null || !(speed.Latency > job.Settings.Limits.MaxLatency?.TotalSeconds))
            {
                return speed;
            }

            measured.Add(chosen, speed);
            job.Update(r => r with { Latencies = new Dictionary<string, double>(r.Latencies) { [chosen] = speed.Latency } });
            ChoosePhase.Run(job, measured.Count == MostChoices ? measured.ContainsKey : null);
        }
    }

    private static void Delete(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
