using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Quantization;

/// <summary>A tensor as a package stores it.</summary>
public sealed class PackedTensor
{
    private readonly WeightTensor _tensor;
    private readonly bool[]? _kept;
    private readonly QuantizationScheme? _scheme;
    private readonly QuantizedValues? _values;

    private PackedTensor(WeightTensor tensor, bool[]? kept, QuantizationScheme? scheme, QuantizedValues? values)
        => (_tensor, _kept, _scheme, _values) = (tensor, kept, scheme, values);

    public string Name => _tensor.Name;
    public int Bits => _scheme?.Bits ?? 32;
    public long NonZero => _kept == null ? _tensor.Values.Length : _kept.Count(k => k);
    public double SquaredError => _values?.SquaredError ?? 0;
    public long Bytes => _values == null ? _tensor.Values.Length * 4L : ((_values.Codes.Length * Bits + 7) / 8) + (8 * _values.Scales.Length);

    public static PackedTensor Of(WeightTensor tensor, QuantizationScheme? scheme, RangeRule rule, bool[]? kept = null)
        => new(tensor, kept, scheme, scheme is { } s ? TensorQuantizer.Quantize(tensor, s, rule, kept) : null);

    public float[] Decode()
    {
        if (_values == null) return _tensor.Values;
        float[] result = new float[_tensor.Values.Length];
        int per = result.Length / _values.Scales.Length, at = 0;
        for (int i = 0; i < result.Length; i++)
            if (_kept == null || _kept[i])
                result[i] = _values.Zeros[i / per] + (_values.Scales[i / per] * _values.Codes[at++]);
        return result;
    }
}
