using Espalier.Engine.Weights;

namespace Espalier.Compression.Quantization;

/// <summary>A tensor as a package stores it: quantized, without its zeros, both, or as it is.</summary>
public sealed class PackedTensor
{
    private readonly WeightTensor _tensor;

    private PackedTensor(WeightTensor tensor, CompressedTensor? compressed, double squaredError)
        => (_tensor, Compressed, SquaredError) = (tensor, compressed, squaredError);

    /// <summary>Its name in checkpoints, without the model's prefix.</summary>
    public string Name => _tensor.Name;

    /// <summary>The compressed form; null where it is stored in float32 with all its elements.</summary>
    public CompressedTensor? Compressed { get; }

    /// <summary>Bits of a stored weight.</summary>
    public int Bits => Compressed?.Format.Scheme?.Bits ?? 32;

    /// <summary>Weights that are stored.</summary>
    public long Stored => Compressed?.Format.Stored ?? _tensor.Shape.Count;

    /// <summary>Bytes that it takes in a file, the header left out.</summary>
    public long Bytes => Compressed?.Format.Bytes ?? sizeof(float) * _tensor.Shape.Count;

    /// <summary>What quantization did: Σ of the squared differences from the weights that are stored.</summary>
    public double SquaredError { get; }

    /// <summary>
    /// Packs a tensor the cheapest way. Where leaving zeros out saves nothing, at few bits and few zeros, zeros are quantized as
    /// all else, which is what the paper does (§4.3) and what keeps them near zero, not at it.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="scheme">How it is quantized; null for float32.</param>
    /// <param name="rule">Which range.</param>
    /// <param name="kept">True for each weight that stays; null where none is pruned.</param>
    /// <exception cref="CompressionException">The tensor cannot be quantized.</exception>
    public static PackedTensor Of(WeightTensor tensor, QuantizationScheme? scheme, RangeRule rule, bool[]? kept = null)
    {
        TensorFormat format = TensorFormat.Cheapest(tensor.Shape, scheme, kept);
        bool[]? left = format.Layout == SparseLayout.None ? null : kept;
        if (scheme is not { } quantized)
        {
            return new PackedTensor(tensor, left == null ? null : CompressedTensor.Encode(format, tensor.Values, left), 0);
        }

        QuantizedValues values = TensorQuantizer.Quantize(tensor, quantized, rule, left);
        return new PackedTensor(tensor, CompressedTensor.Encode(format, values.Codes, values.Scales, values.Zeros, left), values.SquaredError);
    }

    /// <summary>The weights that whoever loads it gets.</summary>
    public WeightTensor Decode()
    {
        if (Compressed == null)
        {
            return _tensor;
        }

        float[] values = new float[_tensor.Values.Length];
        Compressed.Decode(values);
        return _tensor with { Values = values };
    }
}
