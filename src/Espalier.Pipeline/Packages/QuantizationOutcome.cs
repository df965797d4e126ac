using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Quantization;
using Espalier.Engine.Weights;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>What quantization did to a kind of module.</summary>
/// <param name="LeastBits">Bits of its tensor with the fewest; 32 is full precision.</param>
/// <param name="MostBits">Bits of its tensor with the most.</param>
/// <param name="Error">What became of its weights.</param>
public sealed record QuantizedKind(int LeastBits, int MostBits, WeightError Error);

/// <summary>What a tensor costs at a number of bits.</summary>
/// <param name="Bits">The bits.</param>
/// <param name="Bytes">Bytes that it takes in the file, about.</param>
/// <param name="Loss">What the model's predictions diverge by, in nats, where this tensor alone has so many bits.</param>
/// <param name="Measured">Whether that was measured; if not, it was taken from the error of the weights.</param>
public sealed record BitCost(int Bits, long Bytes, double Loss, bool Measured);

/// <summary>A tensor whose bits were chosen.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Bits">Its bits; 32 where it takes no more at full precision.</param>
/// <param name="Bytes">Bytes that it takes in the file, about.</param>
/// <param name="Sensitivity">What the model's predictions diverge by, in nats, where this tensor alone is quantized to 4 bits.</param>
/// <param name="Costs">What it costs at 2 to 8 bits.</param>
public sealed record ChosenBits(string Tensor, int Bits, long Bytes, double Sensitivity, IReadOnlyList<BitCost> Costs);

/// <summary>A package that keeps to a size, and what was measured of it.</summary>
/// <param name="Bits">The bits of every tensor; null where each has its own.</param>
/// <param name="Granularity">What shares a range.</param>
/// <param name="Range">Which range.</param>
/// <param name="Bytes">Bytes of the package.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Accuracy">The part of the examples that it gets right.</param>
/// <param name="Chosen">Whether it was chosen: its loss is the least.</param>
public sealed record PackageTrial(
    int? Bits, ScaleGranularity Granularity, RangeRule Range, long Bytes, double Loss, double Accuracy, bool Chosen = false);

/// <summary>What came of quantizing a model.</summary>
/// <param name="Parameters">Its parameters.</param>
/// <param name="BitsPerWeight">Bits that one takes in the mean as it is stored, with its part of scales, zeros and positions.</param>
/// <param name="WeightBytes">Bytes of <c>model.safetensors</c>.</param>
/// <param name="Bytes">Bytes of the whole package.</param>
/// <param name="SourceBytes">Bytes of what it was made from.</param>
/// <param name="Kinds">By kind of module.</param>
/// <param name="Chosen">Tensors whose bits were chosen, the most sensitive first; empty where bits were given.</param>
public sealed record QuantizationOutcome(
    long Parameters, double BitsPerWeight, long WeightBytes, long Bytes, long SourceBytes, IReadOnlyList<QuantizedKind> Kinds,
    IReadOnlyList<ChosenBits> Chosen)
{
    /// <summary>What was tried where a size was given, the least loss first; empty where bits were given.</summary>
    public IReadOnlyList<PackageTrial> Tried { get; init; } = [];

    /// <summary>How well the model does on the data that was named; null where none was.</summary>
    public ClassifierQuality? Before { get; init; }

    /// <summary>The same of the package.</summary>
    public ClassifierQuality? After { get; init; }

    /// <summary>What came of a package that is written.</summary>
    internal static QuantizationOutcome Of(string source, string folder, ModelWeights weights, IReadOnlyList<PackedTensor> packed)
    {
        IReadOnlyList<WeightError> errors = WeightError.ByModule(weights, new ModelWeights(packed.Select(p => p.Decode())));
        PackedTensor[] OfKind(ModuleKind kind) => [.. packed.Where(p => ModuleKinds.Of(p.Name) == kind)];
        return new QuantizationOutcome(
            weights.Count, 8.0 * packed.Sum(p => p.Stored.StoredBytes) / weights.Count,
            new FileInfo(Path.Join(folder, ModelFolder.WeightsName)).Length, ModelPackage.BytesOf(folder), ModelPackage.BytesOf(source),
            [.. errors.Select(e => new QuantizedKind(OfKind(e.Kind).Min(p => p.Bits), OfKind(e.Kind).Max(p => p.Bits), e))], []);
    }
}
