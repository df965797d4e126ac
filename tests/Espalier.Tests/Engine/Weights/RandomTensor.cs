using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Engine.Weights;

/// <summary>A compressed tensor drawn at random, with what it was made from.</summary>
internal sealed class RandomTensor
{
    public RandomTensor(System.Random random, Shape shape, QuantizationScheme? scheme, double? density)
    {
        (Shape, Scheme) = (shape, scheme);
        Kept = density is { } d ? [.. Enumerable.Range(0, (int)shape.Count).Select(_ => random.NextDouble() < d)] : [];
        Values = [.. Enumerable.Range(0, (int)shape.Count).Select(_ => (float)(random.NextDouble() - 0.5))];
        int scales = (int)(scheme?.ScaleCount(shape) ?? 0);
        Scales = [.. Enumerable.Range(0, scales).Select(_ => (float)(0.01 + random.NextDouble()))];
        Zeros = [.. Enumerable.Range(0, scales).Select(_ => (float)(random.NextDouble() - 0.7))];
        Codes = [.. Enumerable.Range(0, scheme is null ? 0 : (int)shape.Count).Select(_ => (byte)random.Next(1 << scheme!.Value.Bits))];
        Tensor = scheme is { } s
            ? CompressedTensor.FromCodes(shape, s, Codes, Scales, Zeros, Kept)
            : CompressedTensor.FromValues(shape, Values, Kept);
    }

    public Shape Shape { get; }

    public QuantizationScheme? Scheme { get; }

    public bool[] Kept { get; }

    public float[] Values { get; }

    public byte[] Codes { get; }

    public float[] Scales { get; }

    public float[] Zeros { get; }

    public CompressedTensor Tensor { get; }

    /// <summary>What it must decode to, worked out from the definition.</summary>
    public float[] Expected()
    {
        float[] expected = new float[Shape.Count];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = Kept.Length > 0 && !Kept[i] ? 0 : Scheme is null ? Values[i] : Value(i);
        }

        return expected;
    }

    public float[] Decoded()
    {
        float[] decoded = new float[Shape.Count];
        Tensor.Decode(decoded);
        return decoded;
    }

    private float Value(int i)
    {
        QuantizationScheme s = Scheme!.Value;
        int row = i / Shape.Columns, column = i % Shape.Columns;
        int group = s.Granularity switch
        {
            ScaleGranularity.Tensor => 0,
            ScaleGranularity.Row => row,
            _ => (row * ((Shape.Columns + s.GroupSize - 1) / s.GroupSize)) + (column / s.GroupSize),
        };
        return (float)((double)Zeros[group] + ((double)Scales[group] * Codes[i]));
    }
}
