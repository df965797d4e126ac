using Espalier.Engine.Weights;

namespace Espalier.Compression.Quantization;

/// <summary>A tensor as a package stores it: quantized, without its zeros, both, or as it is.</summary>
public sealed class PackedTensor
{
    private readonly WeightTensor _tensor;

    private PackedTensor(WeightTensor tensor, CompressedTensor stored, double squaredError)
        => (_tensor, Stored, SquaredError) = (tensor, stored, squaredError);

    /// <summary>Its name in checkpoints, without the model's prefix.</summary>
    public string Name => _tensor.Name;

    /// <summary>What is stored.</summary>
    public CompressedTensor Stored { get; }

    /// <summary>Bits of a stored weight.</summary>
    public int Bits => Stored.Scheme?.Bits ?? 32;

    /// <summary>Bytes that it takes in the file, about: what is stored, and its entries in the header.</summary>
    public long Bytes => Stored.BytesInFile(Name);

    /// <summary>What quantization did: Σ of the squared differences from the weights that are stored.</summary>
    public double SquaredError { get; }

    /// <summary>
    /// Packs a tensor the cheapest way. Where leaving zeros out saves nothing, at few bits and few zeros, zeros are quantized as
    /// all else, as the paper does (§4.3); they are then as near to zero as half a step.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="scheme">How it is quantized; null for float32.</param>
    /// <param name="rule">Which range.</param>
    /// <param name="kept">True for each weight that stays; null where none is pruned.</param>
    /// <exception cref="CompressionException">The tensor cannot be quantized.</exception>
    public static PackedTensor Of(WeightTensor tensor, QuantizationScheme? scheme, RangeRule rule, bool[]? kept = null)
    {
        PackedTensor? sparse = kept == null ? null : Pack(tensor, scheme, rule, kept);
        double dense = CompressedTensor.TheoreticalBytes(tensor.Shape, scheme, tensor.Shape.Count, sparse: false);

        // Where nothing stays there is no range to quantize zeros by.
        return sparse != null && (sparse.Stored.StoredElements == 0 || sparse.Stored.StoredBytes < dense) ? sparse : Pack(tensor, scheme, rule, null);
    }

    /// <summary>The weights that whoever loads it gets.</summary>
    public WeightTensor Decode()
    {
        float[] values = new float[_tensor.Values.Length];
        Stored.Decode(values);
        return _tensor with { Values = values };
    }

    private static PackedTensor Pack(WeightTensor tensor, QuantizationScheme? scheme, RangeRule rule, bool[]? kept)
    {
        if (scheme is not { } quantized)
        {
            return new PackedTensor(tensor, CompressedTensor.FromValues(tensor.Shape, tensor.Values, kept), 0);
        }

        QuantizedValues values = TensorQuantizer.Quantize(tensor, quantized, rule, kept);
        return new PackedTensor(
            tensor, CompressedTensor.FromCodes(tensor.Shape, quantized, values.Codes, values.Scales, values.Zeros, kept), values.SquaredError);
    }
}
