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
/// <param name="Loss">Its held-out loss, in nats.</param>
/// <param name="UnigramPerplexity">That of a model that ignores context.</param>
/// <param name="Parameters">Its parameters.</param>
/// <param name="Predictions">Predictions that the loss is the mean of; null where it was written without.</param>
internal sealed record EncoderCell(
    int Bits, long Bytes, double Loss, double UnigramPerplexity, long Parameters, long? Predictions = null);

/// <summary>Compression where there are no labels: the pretrained model at several precisions, measured on held-out text.</summary>
internal static class EncoderPhase
{
    private const string RecordName = "encoder.json";

    // So much held-out loss, in nats, is no price for a smaller package where none is asked for.
    private const double Negligible = 0.01;

    // As many as pretraining is measured by.
    private const int HeldOutBlocks = 1024;

    private static readonly int[] Precisions = [8, 6, 5, 4, 3];

    /// <summary>Makes the packages.</summary>
    /// <exception cref="RunException">There is no pretrained model.</exception>
    public static void Run(JobWork job, CancellationToken cancel)
    {
        string model = Pretrained(job);
        PackageSizes sizes = PackageSizes.Of(model, CompressPhase.Quantization, job.Settings.Limits.MaxBytes);
        foreach (int bits in Precisions)
        {
            string folder = FolderOf(job.GridFolder, bits);
            if (File.Exists(Path.Join(folder, RecordName)))
            {
                continue;
            }

            job.Tell($"{bits} bits");
            if (!Directory.Exists(folder))
            {
                new ModelQuantization(model, CompressPhase.Quantization with { Bits = bits, Keep = sizes.Kept }).Write(folder);
            }

            Write(folder, Measure(job, folder, bits, cancel));
            if (job.Left(JobPhase.Compress) <= TimeSpan.Zero)
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

        long most = job.Settings.Limits.MaxBytes - PackageSizes.CardBytes ?? long.MaxValue;
        double best = cells.Min(c => c.Cell.Loss);
        return (!cells.Any(c => c.Cell.Bytes <= most) ? cells.MinBy(c => c.Cell.Bytes)
            : job.Settings.Limits.MaxBytes == null ? cells.Where(c => c.Cell.Loss <= best + Negligible).MinBy(c => c.Cell.Bytes)
            : cells.Where(c => c.Cell.Bytes <= most).MinBy(c => c.Cell.Loss)).Folder;
    }

    /// <summary>Measures a model on the held-out text.</summary>
    public static EncoderCell Measure(JobWork job, string folder, int bits, CancellationToken cancel)
    {
        HeldOutMeasure measure = HeldOutMeasure.Of(
            folder, job.DataFolder, HeldOutBlocks, job.Settings.Threads, ModelPackage.WeightsOf(folder), cancel);
        return new EncoderCell(bits, ModelPackage.BytesOf(folder), measure.Evaluation.Loss, measure.UnigramPerplexity, measure.Parameters,
            measure.Evaluation.Predictions);
    }

    private static string Pretrained(JobWork job) => ModelSource.Find(FinetunePhase.PretrainedModel(job)
        ?? throw new RunException(job.Folder, "no model was made, so there is none to package; mend what the phases before say, and resume the job"));

    private static string FolderOf(string grid, int bits) => Path.Join(grid, $"encoder-b{bits}");

    private static EncoderCell? Read(string folder)
        => Path.Join(folder, RecordName) is var path && File.Exists(path)
            ? JsonSerializer.Deserialize(File.ReadAllBytes(path), EncoderJson.Default.EncoderCell) : null;

    private static void Write(string folder, EncoderCell cell)
        => AtomicFile.Write(Path.Join(folder, RecordName), stream => JsonSerializer.Serialize(stream, cell, EncoderJson.Default.EncoderCell));
}

/// <summary>How <see cref="EncoderCell"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EncoderCell))]
internal sealed partial class EncoderJson : JsonSerializerContext;
