using Espalier.Engine.Kernels;
using Espalier.Engine.Kernels.Reference;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>The definitions themselves, against numbers worked out by hand.</summary>
public sealed class ReferenceKernelsTests : IDisposable
{
    private readonly ReferenceKernels _kernels = new();
    private readonly HostSpans _host = new();

    public void Dispose() => _host.Dispose();

    // (1 2 3; 4 5 6) · (1 2; 3 4; 5 6) = (22 28; 49 64), each factor stored as it is or transposed.
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Gemm_EveryLayout_MultipliesMatrices(bool transposeA, bool transposeB)
    {
        DeviceSpan<float> c = _host.Of(1f, 1, 1, 1);
        var product = new GemmArguments
        {
            TransposeA = transposeA,
            TransposeB = transposeB,
            M = 2,
            N = 2,
            K = 3,
            LdC = 2,
            C = c,
            A = transposeA ? _host.Of(1f, 4, 2, 5, 3, 6) : _host.Of(1f, 2, 3, 4, 5, 6),
            LdA = transposeA ? 2 : 3,
            B = transposeB ? _host.Of(1f, 3, 5, 2, 4, 6) : _host.Of(1f, 2, 3, 4, 5, 6),
            LdB = transposeB ? 3 : 2,
        };
        _kernels.Gemm(product with { Accumulate = true });
        Assert.Equal([23, 29, 50, 65], HostSpans.Read(c));
        _kernels.Gemm(product);
        Assert.Equal([22, 28, 49, 64], HostSpans.Read(c));
    }

    [Fact]
    public void Gemm_Epilogue_IsBiasThenActivationThenFactor()
    {
        DeviceSpan<float> c = _host.Zeros(2), derivative = _host.Zeros(2);
        _kernels.Gemm(new GemmArguments
        {
            M = 1,
            N = 2,
            K = 1,
            A = _host.Of(2f),
            LdA = 1,
            B = _host.Of(3f, -5),
            LdB = 2,
            C = c,
            LdC = 2,
            Bias = _host.Of(1f, 1),
            Activation = Activation.Relu,
            Derivative = derivative,
            Factor = _host.Of(10f, 10),
        });
        Assert.Equal([70, 0], HostSpans.Read(c));
        Assert.Equal([1, 0], HostSpans.Read(derivative));
    }

    // Abramowitz and Stegun, tables 7.1 and 7.3, and beyond the change of method at 2.5.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.4795001221869535)]
    [InlineData(1, 0.15729920705028513)]
    [InlineData(2.5, 4.069520174449589e-4)]
    [InlineData(3, 2.209049699858544e-5)]
    [InlineData(5, 1.5374597944280349e-12)]
    public void ErrorFunctionComplement_TabulatedPoints_AgreesWithTheTable(double x, double expected)
        => Assert.Equal(1, ScalarMath.ErrorFunctionComplement(x) / expected, 1e-11);

    [Fact]
    public void Activate_Gelu_IsXTimesTheNormalDistribution()
    {
        DeviceSpan<float> y = _host.Zeros(3), derivative = _host.Zeros(3);
        _kernels.Activate(Activation.Gelu, _host.Of(1f, -1, 0), y, derivative);

        // Φ(1) = 0.8413447, φ(1) = 0.2419707.
        AssertNear([0.8413447f, -0.1586553f, 0f], y);
        AssertNear([1.0833155f, -0.0833155f, 0.5f], derivative);
    }

    [Fact]
    public void LayerNorm_FourNumbers_AreCentredAndScaled()
    {
        DeviceSpan<float> y = _host.Zeros(4), mean = _host.Zeros(1), rstd = _host.Zeros(1);
        _kernels.LayerNorm(1, 4, _host.Of(1f, 3, 5, 7), _host.Of(1f, 1, 2, 2), _host.Of(0f, 1, 0, 1), 0, y, mean, rstd);

        // Variance 5: 1 / √5 = 0.4472136.
        AssertNear([-1.3416408f, 0.5527864f, 0.8944272f, 3.6832816f], y);
        Assert.Equal([4f], HostSpans.Read(mean));
        AssertNear([0.4472136f], rstd);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    public void SoftmaxCrossEntropy_EqualLogits_LoseTheLogarithmOfTheClasses(float smoothing)
    {
        DeviceSpan<float> logits = _host.Of(3f, 3, 3, 3), losses = _host.Zeros(1);
        _kernels.SoftmaxCrossEntropy(1, 4, logits, _host.Of(2), smoothing, 2, losses);
        AssertNear([1.3862944f], losses);
        AssertNear([0.5f * (1 - smoothing), 0.5f * (1 - smoothing), -1.5f * (1 - smoothing), 0.5f * (1 - smoothing)], logits);
    }

    [Fact]
    public void Attention_Causal_SeesNoLaterKeyAndAveragesEqualOnes()
    {
        // All scores are equal, so each query gets the mean of the values it sees.
        DeviceSpan<float> o = _host.Zeros(3), logSum = _host.Zeros(3);
        _kernels.Attention(Attention(o, logSum) with { Causal = true });
        AssertNear([3f, 4.5f, 7f], o);
        AssertNear([2f, 2.6931472f, 3.0986123f], logSum);
    }

    [Fact]
    public void Attention_Dropout_ScalesAndDropsProbabilities()
    {
        DeviceSpan<float> o = _host.Zeros(3);
        var mask = new DropoutMask(0.5f, 4, 5, 6);
        _kernels.Attention(Attention(o, default) with { Dropout = mask });
        float[] expected = [.. Enumerable.Range(0, 3).Select(i =>
            ((3 * mask.Factor(i, 0)) + (6 * mask.Factor(i, 1)) + (12 * mask.Factor(i, 2))) / 3)];
        AssertNear(expected, o);
    }

    [Fact]
    public void AdamW_FirstStep_MovesByTheLearningRateAgainstTheSign()
    {
        DeviceSpan<float> w = _host.Of(1f, -2), m = _host.Zeros(2), v = _host.Zeros(2);
        _kernels.AdamW(new AdamWArguments
        {
            Weights = w,
            Gradients = _host.Of(8f, -0.5f),
            FirstMoments = m,
            SecondMoments = v,
            GradientScale = 0.5f,
            LearningRate = 0.25f,
            Beta1 = 0.75f,
            Beta2 = 0.5f,
            Epsilon = 0,
            WeightDecay = 0.5f,
            Correction1 = 0.25f,
            Correction2 = 0.5f,
        });
        Assert.Equal([1 - 0.125f - 0.25f, -2 + 0.25f + 0.25f], HostSpans.Read(w));
        Assert.Equal([1f, -0.0625f], HostSpans.Read(m));
        Assert.Equal([8f, 0.03125f], HostSpans.Read(v));
    }

    [Fact]
    public void Embedding_GatherAndScatterAdd_AreEachOthersTranspose()
    {
        DeviceSpan<float> y = _host.Zeros(6), dTable = _host.Of(1f, 1, 1, 1, 1, 1);
        _kernels.EmbeddingGather(
            _host.Of(2, 0, 2), _host.Of(0, 1, 1), 2, _host.Of(1f, 2, 3, 4, 5, 6), _host.Of(10f, 20, 30, 40), 2, y);
        Assert.Equal([20, 32, 32, 44, 40, 52], HostSpans.Read(y));
        _kernels.EmbeddingScatterAdd(_host.Of(2, 0, 2), 2, _host.Of(1f, 2, 3, 4, 5, 6), 2, dTable);
        Assert.Equal([7, 9, 1, 1, 13, 17], HostSpans.Read(dTable));
    }

    private AttentionArguments Attention(DeviceSpan<float> o, DeviceSpan<float> logSumExp) => new()
    {
        Sequences = 1,
        Heads = 1,
        HeadSize = 1,
        QueryOffsets = _host.Of(0, 3),
        KeyOffsets = _host.Of(0, 3),
        LongestKeys = 3,
        Scale = 0.5f,
        Q = _host.Of(4f, 4, 4),
        LdQ = 1,
        K = _host.Of(1f, 1, 1),
        V = _host.Of(3f, 6, 12),
        LdKV = 1,
        O = o,
        LogSumExp = logSumExp,
    };

    private static void AssertNear(float[] expected, DeviceSpan<float> actual)
        => Assert.All(HostSpans.Read(actual).ToArray().Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f));
}
