using Espalier.Compression.Quantization;
using Espalier.Engine.Random;

namespace Espalier.Tests.Compression.Quantization;

public class UniformQuantizerTests
{
    // By hand from §4.2: q0 = −1, q_max = 2, Δ = 3 / (2^k − 1).
    [Theory]
    [InlineData(2, new[] { 0, 1, 1, 2, 3 })]
    [InlineData(3, new[] { 0, 2, 3, 5, 7 })]
    [InlineData(8, new[] { 0, 81, 98, 191, 255 })]
    public void Quantize_ValuesOfThePaper_GiveItsCodes(int bits, int[] expected)
    {
        float[] values = [-1, -0.05f, 0.15f, 1.25f, 2];
        byte[] codes = new byte[values.Length];
        (float scale, float zero) = UniformQuantizer.Quantize(values, bits, RangeRule.MinMax, codes);
        Assert.Equal((3f / ((1 << bits) - 1), -1f), (scale, zero));
        Assert.Equal(expected, codes.Select(c => (int)c));
    }

    [Fact]
    public void Quantize_Halves_RoundToEven()
    {
        float[] values = [0, 0.5f, 1.5f, 2.5f, 3];
        byte[] codes = new byte[values.Length];
        Assert.Equal((1f, 0f), UniformQuantizer.Quantize(values, 2, RangeRule.MinMax, codes));
        Assert.Equal(new byte[] { 0, 0, 2, 2, 3 }, codes);
    }

    [Fact]
    public void Quantize_EqualValues_AreExact()
    {
        byte[] codes = new byte[3];
        Assert.Equal((0f, 0.7f), UniformQuantizer.Quantize([0.7f, 0.7f, 0.7f], 4, RangeRule.LeastSquares, codes));
        Assert.Equal(new byte[3], codes);
    }

    [Fact]
    public void Quantize_HugeRange_DoesNotOverflow()
    {
        byte[] codes = new byte[3];
        (float scale, float zero) = UniformQuantizer.Quantize([float.MinValue, 0, float.MaxValue], 8, RangeRule.MinMax, codes);
        Assert.True(float.IsFinite(scale) && float.IsFinite(zero));
        Assert.Equal((0, 255), (codes[0], codes[2]));
        Assert.InRange(codes[1], 127, 128);
    }

    [Fact]
    public void LeastSquares_AnyValues_NeverWorseThanMinMaxAndMuchBetterWithOutliers()
    {
        for (uint seed = 0; seed < 50; seed++)
        {
            var random = new RandomStream(seed, 0);
            float[] values = [.. Enumerable.Range(0, 2 + (int)(random.NextUInt32() % 300)).Select(_ => random.NextNormal())];
            int bits = 2 + (int)(seed % 7);
            Assert.True(Error(values, bits, RangeRule.LeastSquares) <= Error(values, bits, RangeRule.MinMax), $"seed {seed}");
        }

        var normal = new RandomStream(1, 1);
        float[] outlier = [.. Enumerable.Range(0, 4096).Select(_ => normal.NextNormal()), 12];
        Assert.True(Error(outlier, 3, RangeRule.LeastSquares) < 0.5 * Error(outlier, 3, RangeRule.MinMax));

        static double Error(float[] values, int bits, RangeRule rule)
        {
            byte[] codes = new byte[values.Length];
            (float scale, float zero) = UniformQuantizer.Quantize(values, bits, rule, codes);
            return UniformQuantizer.SquaredError(values, scale, zero, codes);
        }
    }
}
