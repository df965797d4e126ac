using System.Text.Json;
using System.Text.Json.Serialization;
using Espalier.Pipeline.Packages;
using Espalier.Text.Files;
using Espalier.Training.Pretraining;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Jobs;

/// <summary>A pretrained encoder at one precision.</summary>
/// <param name="Bits">Bits of a weight.</param>
/// <param name="Bytes">Bytes of its folder.</param>
/// <param name="Loss">Its held-out loss, in nats; null where nothing is held out.</param>
/// <param name="Source">SHA-256 of the weights that it was made from.</param>
internal sealed record EncoderCell(int Bits, long Bytes, double? Loss, string? Source);

/// <summary>Compression where there are no labels: the pretrained model at several precisions, measured on held-out text.</summary>
internal static class EncoderPhase
{
    private const string RecordName = "encoder.json";

    // So much held-out loss, in nats, is no price for a smaller package where none is asked for.
    private const double Negligible = 0.01;

    // As many as pretraining is measured by.
    private const int HeldOutBlocks = 1024;

    private static readonly int[] Precisions = [8, 6, 5, 4, 3];

    /// <summary>Makes the packages that may fit, as time allows; without time, from the most precise one to the first that does fit.</summary>
    /// <exception cref="RunException">There is no pretrained model.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        string model = Pretrained(job), source = ModelSource.Fingerprint(model);
        PackageSizes sizes = PackageSizes.Of(model, CompressPhase.Quantization, job.Settings.Limits.MaxBytes);

        // What was cut short, or made of a model that has since been trained further, must not be taken for this one's.
        foreach (string folder in Precisions.Select(bits => FolderOf(job.GridFolder, bits)).Where(f => Directory.Exists(f) && Read(f)?.Source != source))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (int bits in Precisions.Where(bits => bits == Precisions[^1] || sizes.Fits(0, bits, embeddings: false)))
        {
            EncoderCell cell = Read(FolderOf(job.GridFolder, bits)) ?? Make(job, model, source, bits, sizes.Kept, cancel);
            if (job.Left(JobPhase.Compress) <= TimeSpan.Zero && cell.Bytes <= MostBytes(job))
            {
                return;
            }
        }
    }

    /// <summary>The folder of the package to take.</summary>
    /// <exception cref="RunException">There is no model of any kind.</exception>
    public static string Choose(JobWork job)
    {
        (string Folder, EncoderCell Cell)[] cells =
        [
            .. from grid in job.GridFolders
               from bits in Precisions
               let folder = FolderOf(grid, bits)
               let cell = Read(folder)
               where cell != null
               select (folder, cell!),
        ];
        if (cells.Length == 0)
        {
            return Pretrained(job);
        }

        long most = MostBytes(job);
        double best = cells.Min(c => Loss(c.Cell));
        return (!cells.Any(c => c.Cell.Bytes <= most) ? cells.MinBy(c => c.Cell.Bytes)
            : job.Settings.Limits.MaxBytes == null ? cells.Where(c => Loss(c.Cell) <= best + Negligible).MinBy(c => c.Cell.Bytes)
            : cells.Where(c => c.Cell.Bytes <= most).MinBy(c => Loss(c.Cell))).Folder;

        // Where it is not measured, more bits count as less of it.
        static double Loss(EncoderCell cell) => cell.Loss ?? -cell.Bits;
    }

    /// <summary>Measures a model on the held-out text; null, which is noted, where there is none.</summary>
    public static HeldOutMeasure? Measure(JobWork job, string folder, CancellationToken cancel)
    {
        HeldOutMeasure? measure = HeldOutMeasure.Of(folder, job.DataFolder, HeldOutBlocks, job.Settings.Threads, cancel);
        if (measure == null)
        {
            job.Note("Nothing of the text is held out, so what the package has learned is not measured; give more text.");
        }

        return measure;
    }

    private static EncoderCell Make(
        JobWork job, string model, string source, int bits, IReadOnlyList<string> kept, CancellationToken cancel)
    {
        job.Tell($"{bits} bits");
        string folder = FolderOf(job.GridFolder, bits);
        new ModelQuantization(model, CompressPhase.Quantization with { Bits = bits, Keep = kept }).Write(folder);
        var cell = new EncoderCell(bits, ModelPackage.BytesOf(folder), Measure(job, folder, cancel)?.Evaluation.Loss, source);
        AtomicFile.Write(Path.Join(folder, RecordName), stream => JsonSerializer.Serialize(stream, cell, EncoderJson.Default.EncoderCell));
        return cell;
    }

    // Its card comes beside it.
    private static long MostBytes(JobWork job) => job.Settings.Limits.MaxBytes - PackageSizes.CardBytes ?? long.MaxValue;

    private static string Pretrained(JobWork job) => ModelSource.Find(FinetunePhase.PretrainedModel(job)
        ?? throw new RunException(job.Folder, "no model was made, so there is none to package; mend what the phases before say, and resume the job"));

    private static string FolderOf(string grid, int bits) => Path.Join(grid, $"encoder-b{bits}");

    private static EncoderCell? Read(string folder)
        => Path.Join(folder, RecordName) is var path && File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), EncoderJson.Default.EncoderCell) : null;
}

/// <summary>How <see cref="EncoderCell"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EncoderCell))]
internal sealed partial class EncoderJson : JsonSerializerContext;
