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
            string folder = FolderOf(job, bits);
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

    /// <summary>The package to take: its folder and what is missed.</summary>
    public static (string Folder, EncoderCell? Cell) Choose(JobWork job)
    {
        EncoderCell[] cells = [.. Precisions.Select(bits => Read(FolderOf(job, bits))).OfType<EncoderCell>()];
        if (cells.Length == 0)
        {
            return (Pretrained(job), null);
        }

        long most = job.Settings.Limits.MaxBytes - PackageSizes.CardBytes ?? long.MaxValue;
        EncoderCell[] fitting = [.. cells.Where(c => c.Bytes <= most)];
        double best = cells.Min(c => c.Loss);
        EncoderCell chosen = fitting.Length == 0 ? cells.MinBy(c => c.Bytes)!
            : job.Settings.Limits.MaxBytes == null ? cells.Where(c => c.Loss <= best + Negligible).MinBy(c => c.Bytes)! : fitting.MinBy(c => c.Loss)!;
        return (FolderOf(job, chosen.Bits), chosen);
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
        ?? throw new RunException(job.Folder, "there is no pretrained model to package; resume the job"));

    private static string FolderOf(JobWork job, int bits) => job.PathOf($"grid/encoder-b{bits}");

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
