using Espalier.Engine.Autograd;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;
using Espalier.Tests.Engine.Safetensors;

namespace Espalier.Tests.Engine.Weights;

public class CompressedTensorTests
{
    private static readonly double?[] Densities = [null, 0, 0.02, 0.1, 0.25, 0.5, 0.9, 1];

    public static TheoryData<int?, ScaleGranularity, int> Schemes()
    {
        var data = new TheoryData<int?, ScaleGranularity, int> { { null, ScaleGranularity.Tensor, 0 } };
        for (int bits = 2; bits <= 8; bits++)
        {
            data.Add(bits, ScaleGranularity.Tensor, 0);
            data.Add(bits, ScaleGranularity.Row, 0);
            data.Add(bits, ScaleGranularity.Group, 32 << (bits % 3));
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void RoundTrip_RandomShapesAndDensities_DecodesToTheDefinition(int? bits, ScaleGranularity granularity, int groupSize)
    {
        using var folder = new SafetensorsFolder();
        var random = new System.Random((bits ?? 0) + groupSize);
        QuantizationScheme? scheme = bits is { } k ? new(k, granularity, groupSize) : null;
        var tensors = Densities.Select((density, i) => new RandomTensor(
            random, i % 3 == 2 ? Shape.Vector(random.Next(1, 300)) : Shape.Matrix(random.Next(1, 40), random.Next(1, 200)), scheme, density)).ToArray();
        CompressedTensor.Save(folder["m.safetensors"], [.. tensors.Select((t, i) => ($"layer.{i}.weight", t.Tensor))]);

        using SafetensorsFile file = SafetensorsFile.Open(folder["m.safetensors"]);
        for (int i = 0; i < tensors.Length; i++)
        {
            CompressedTensor read = CompressedTensor.Read(file, $"layer.{i}.weight");
            float[] decoded = new float[read.Shape.Count];
            read.Decode(decoded);
            Assert.Equal(tensors[i].Shape, read.Shape);
            Assert.Equal(tensors[i].Scheme, read.Scheme);
            AssertSame(tensors[i].Expected(), decoded);
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void StoredBytes_EveryDensity_AreThoseOfTheory(int? bits, ScaleGranularity granularity, int groupSize)
    {
        var random = new System.Random(7);
        QuantizationScheme? scheme = bits is { } k ? new(k, granularity, groupSize) : null;
        foreach (double? density in Densities)
        {
            CompressedTensor tensor = new RandomTensor(random, Shape.Matrix(300, 256), scheme, density).Tensor;
            double theory = CompressedTensor.TheoreticalBytes(tensor.Shape, scheme, tensor.StoredElements, density != null);
            Assert.InRange(tensor.StoredBytes, (theory * 0.99) - 16, (theory * 1.01) + 16);
        }
    }

    [Fact]
    public void Layout_ByDensity_IsTheShorterOne()
    {
        var random = new System.Random(3);
        foreach ((double density, SparseLayout expected) in new[] { (0.02, SparseLayout.RelativeIndex), (0.25, SparseLayout.RelativeIndex), (0.6, SparseLayout.Bitmask) })
        {
            CompressedTensor tensor = new RandomTensor(random, Shape.Matrix(100, 100), null, density).Tensor;
            Assert.Equal(expected, tensor.Layout);
            Assert.InRange(tensor.Positions.Length, 1, 1250);
        }
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(9, 0)]
    [InlineData(4, 64)]
    public void FromCodes_ImpossibleScheme_Throws(int bits, int groupSize)
        => Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(
            Shape.Vector(4), new QuantizationScheme(bits, ScaleGranularity.Tensor, groupSize), new byte[4], new float[1], new float[1]));

    [Fact]
    public void FromCodes_WhatNoFileMayHold_Throws()
    {
        var scheme = new QuantizationScheme(4);
        Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(Shape.Vector(2), scheme, [3, 16], [1], [0]));
        Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(Shape.Vector(2), scheme, [3, 15], [float.NaN], [0]));
        Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(Shape.Vector(2), scheme, [3, 15], [float.MaxValue], [0]));
        Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(Shape.Vector(2), scheme, [3, 15, 1], [1], [0]));
        Assert.Throws<ArgumentException>(() => CompressedTensor.FromCodes(Shape.Vector(2), scheme, [3, 15], [1], [0], [true]));
    }

    private static void AssertSame(float[] expected, float[] actual)
        => Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), actual.Select(BitConverter.SingleToInt32Bits));
}
