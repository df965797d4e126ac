using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;

namespace Espalier.Tests.Compression.Quantization;

public class TensorQuantizerTests
{
    [Fact]
    public void Quantize_Groups_HaveARangeEachAndEndWithTheirRow()
    {
        // Two rows of 40 columns: groups of 32 and 8 in each.
        var tensor = new WeightTensor("m", Shape.Matrix(2, 40), [.. Enumerable.Range(0, 80).Select(i => (float)i)]);
        QuantizedValues groups = TensorQuantizer.Quantize(tensor, Scheme(ScaleGranularity.Group, 32), RangeRule.MinMax);
        Assert.Equal([0f, 32, 40, 72], groups.Zeros);
        Assert.Equal([31f / 255, 7f / 255, 31f / 255, 7f / 255], groups.Scales);
        QuantizedValues rows = TensorQuantizer.Quantize(tensor, Scheme(ScaleGranularity.Row), RangeRule.MinMax);
        Assert.Equal([0f, 40], rows.Zeros);
        Assert.Equal([0f], TensorQuantizer.Quantize(tensor, Scheme(ScaleGranularity.Tensor), RangeRule.MinMax).Zeros);
    }

    [Fact]
    public void Quantize_PrunedWeights_HaveNoCodeAndNoSayInTheRange()
    {
        var tensor = new WeightTensor("m", Shape.Matrix(2, 3), [0, 5, 6, 0, 0, 9]);
        QuantizedValues values = TensorQuantizer.Quantize(
            tensor, Scheme(ScaleGranularity.Row), RangeRule.MinMax, [false, true, true, false, false, true]);
        Assert.Equal([5f, 9], values.Zeros);
        Assert.Equal([1f / 255, 0], values.Scales);
        Assert.Equal(new byte[] { 0, 0, 255, 0, 0, 0 }, values.Codes);
    }

    [Fact]
    public void Quantize_ConstantOrNaN_NamesTheTensor()
    {
        string constant = Assert.Throws<CompressionException>(() => Quantize([1, 1, 1, 1])).Message;
        Assert.Contains("all weights of tensor layer.weight are 1", constant, StringComparison.Ordinal);
        Assert.Contains("--keep layer.weight", constant, StringComparison.Ordinal);
        Assert.Contains("tensor layer.weight has the value NaN in row 1, column 0",
            Assert.Throws<CompressionException>(() => Quantize([1, 2, float.NaN, 1])).Message, StringComparison.Ordinal);

        // Their difference is a single; so many steps of it are not.
        Assert.Contains("tensor layer.weight has weights from -3E+38 to 3E+38",
            Assert.Throws<CompressionException>(() => Quantize([1, 2, -3e38f, 3e38f])).Message, StringComparison.Ordinal);

        static void Quantize(float[] values) => TensorQuantizer.Quantize(
            new WeightTensor("layer.weight", Shape.Matrix(2, 2), values), Scheme(ScaleGranularity.Tensor), RangeRule.MinMax);
    }

    [Fact]
    public void ThrowIfConstant_Several_NamesAllThatAreNotKept()
    {
        var weights = new ModelWeights(((string[])["a.bias", "b.bias", "c.bias", "d.bias"]).Select(
            name => new WeightTensor(name, Shape.Vector(3), name == "d.bias" ? [1, 2, 3] : [0, 0, 0])));
        string message = Assert.Throws<CompressionException>(
            () => new QuantizationSettings { Keep = ["b*"] }.ThrowIfConstant(weights, WeightMasks.None)).Message;
        Assert.Contains("all weights of tensor a.bias are 0, and so it is with 1 more", message, StringComparison.Ordinal);
        Assert.Contains("--keep a.bias c.bias,", message, StringComparison.Ordinal);
    }

    private static QuantizationScheme Scheme(ScaleGranularity granularity, int group = 0)
        => new QuantizationSettings { Granularity = granularity, GroupSize = group }.SchemeOf(8);
}
