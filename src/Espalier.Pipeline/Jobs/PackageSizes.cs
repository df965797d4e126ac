using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Packages;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Jobs;

/// <summary>What packages of a model will weigh, before any is made: so that time goes to those that may fit.</summary>
/// <param name="weights">The model's weights.</param>
/// <param name="beside">Bytes beside the weights: tokenizer, configuration, card.</param>
/// <param name="quantization">How it is quantized.</param>
/// <param name="maxBytes">Most bytes of a package; null for any.</param>
internal sealed class PackageSizes(ModelWeights weights, long beside, QuantizationSettings quantization, long? maxBytes)
{
    /// <summary>Bytes that are kept for the model card; about twice what one takes. What it takes in the end is counted.</summary>
    public const long CardBytes = 4_000;

    /// <summary>Pruned by more than this a model loses more than the bits are worth that it pays for.</summary>
    public const double MostForBits = 0.6;

    // Names and schemes in the file's header and config.json.
    private const int BytesOfTensor = 300;

    // Estimates that are a little too high must not rule out what would fit.
    private const double Tolerance = 1.03;

    /// <summary>Sizes of the packages of a model of any kind.</summary>
    public static PackageSizes Of(string folder, QuantizationSettings quantization, long? maxBytes)
    {
        (ModelWeights weights, long beside) = TranslationFolder.IsAt(folder) ? Translator(folder) : Encoder(folder);
        return new PackageSizes(weights, beside - (BytesOfTensor * weights.Tensors.Count) + CardBytes, quantization, maxBytes);
    }

    private static (ModelWeights Weights, long Beside) Encoder(string folder)
    {
        StoredModel model = StoredModel.Load(folder);
        return (model.Weights, ModelPackage.BytesBeside(folder, model, []));
    }

    private static (ModelWeights Weights, long Beside) Translator(string folder)
    {
        ModelWeights weights = TranslationPackage.ReadWeights(folder, TranslationFolder.ReadConfiguration(folder)).Weights;
        return (weights, ModelPackage.BytesBeside(folder, weights));
    }

    /// <summary>Tensors that cannot be quantized, as they are all zero yet: a short training has not moved them.</summary>
    public IReadOnlyList<string> Kept => [.. weights.Tensors.Where(IsZero).Select(t => t.Name)];

    /// <summary>Bytes of a package, about.</summary>
    public double Bytes(double sparsity, int bits, bool embeddings)
    {
        var pruning = new PruningSettings { Embeddings = embeddings };
        return beside + weights.Tensors.Sum(t => BytesOf(t, pruning.Covers(t) ? sparsity : 0, bits));
    }

    /// <summary>Whether a package is likely to fit.</summary>
    public bool Fits(double sparsity, int bits, bool embeddings)
        => maxBytes == null || Bytes(sparsity, bits, embeddings) <= maxBytes.Value * Tolerance;

    /// <summary>
    /// Whether a cell is worth making: for each precision the least pruned one that may fit, and the next in case it does not, or is
    /// no worse; not where that is pruned by more than <see cref="MostForBits"/>, and fewer bits need less. Where none may fit, the smallest. Full precision is worth it unpruned alone.
    /// </summary>
    public bool Wants(GridConfiguration grid, double sparsity, int bits)
    {
        bool embeddings = grid.Pruning.Embeddings;
        if (bits == GridConfiguration.FullPrecision && grid.Bits.Count > 1)
        {
            return sparsity == 0 && Fits(0, bits, embeddings);
        }

        if (maxBytes == null)
        {
            return true;
        }

        double[] fitting = Fitting(bits);
        return (fitting.Take(2).Contains(sparsity) && (fitting[0] <= MostForBits || !grid.Bits.Any(b => Fitting(b) is [<= MostForBits, ..])))
            || ((sparsity, bits) == (grid.Sparsities.Max(), grid.Bits.Min()) && !grid.Bits.Any(b => grid.Sparsities.Any(s => Fits(s, b, embeddings))));

        double[] Fitting(int of) => [.. grid.Sparsities.Order().Where(s => Fits(s, of, embeddings))];
    }

    private static bool IsZero(WeightTensor tensor) => !tensor.Values.AsSpan().ContainsAnyExcept(0f);

    private double BytesOf(WeightTensor tensor, double sparsity, int bits)
    {
        double count = tensor.Shape.Count, kept = count * (1 - sparsity);
        double mask = sparsity == 0 ? 0 : Math.Min(count / 8, kept * 0.75);
        bits = IsZero(tensor) ? GridConfiguration.FullPrecision : bits;
        long scales = bits == GridConfiguration.FullPrecision ? 0 : quantization.SchemeOf(bits).ScaleCount(tensor.Shape);
        return (kept * bits / 8) + mask + (scales * 2 * sizeof(float)) + BytesOfTensor;
    }
}
