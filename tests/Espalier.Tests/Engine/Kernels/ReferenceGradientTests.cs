using Espalier.Engine.Kernels;
using Espalier.Engine.Kernels.Reference;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>Each backward definition against central differences of its forward one.</summary>
public sealed class ReferenceGradientTests : IDisposable
{
    private const float Step = 1f / 64;
    private static readonly DropoutMask Mask = new(0.3f, 1, 2, 3);
    private readonly ReferenceKernels _kernels = new();
    private readonly HostSpans _host = new();
    private readonly RandomStream _random = new(4, 4);

    public void Dispose() => _host.Dispose();

    [Theory]
    [InlineData(Activation.None)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.Tanh)]
    [InlineData(Activation.Relu)]
    public void Activate_Derivative_IsTheSlope(Activation activation)
    {
        DeviceSpan<float> x = Random(40), y = _host.Zeros(40), derivative = _host.Zeros(40), weights = Ones(40);
        _kernels.Activate(activation, x, y, derivative);
        Compare(x, derivative, weights, y, () => _kernels.Activate(activation, x, y, default));
    }

    [Fact]
    public void LayerNormBackward_EveryOperand_IsTheSlope()
    {
        const int Rows = 3, Columns = 5;
        DeviceSpan<float> x = Random(15), gain = Random(5), bias = Random(5), dy = Random(15), y = _host.Zeros(15);
        DeviceSpan<float> mean = _host.Zeros(3), rstd = _host.Zeros(3), dx = _host.Zeros(15), dGain = Ones(5), dBias = Ones(5);
        void Forward() => _kernels.LayerNorm(Rows, Columns, x, gain, bias, 0.1f, y, mean, rstd);

        Forward();
        _kernels.LayerNormBackward(Rows, Columns, dy, x, gain, mean, rstd, default, dx, dGain, dBias, accumulateParameters: false);
        Compare(x, dx, dy, y, Forward);
        Compare(gain, dGain, dy, y, Forward);
        Compare(bias, dBias, dy, y, Forward);
    }

    [Fact]
    public void ResidualDropoutLayerNormBackward_EveryOperand_IsTheSlope()
    {
        const int Rows = 3, Columns = 5;
        DeviceSpan<float> residual = Random(15), x = Random(15), gain = Random(5), bias = Random(5), both = _host.Zeros(30);
        DeviceSpan<float> weights = Random(30), mean = _host.Zeros(3), rstd = _host.Zeros(3);
        DeviceSpan<float> dSum = _host.Zeros(15), dx = _host.Zeros(15), dGain = Ones(5), dBias = Ones(5);

        // The sum is used twice: it goes through the norm, and around it to the next residual.
        DeviceSpan<float> sum = both.Slice(0, 15), y = both.Slice(15, 15);
        void Forward() => _kernels.ResidualDropoutLayerNorm(Rows, Columns, residual, x, Mask, gain, bias, 0.1f, sum, y, mean, rstd);

        Forward();
        _kernels.ResidualDropoutLayerNormBackward(Rows, Columns, weights.Slice(15, 15), sum, gain, mean, rstd, weights.Slice(0, 15),
            Mask, dSum, dx, dGain, dBias, accumulateParameters: false);
        Compare(residual, dSum, weights, both, Forward);
        Compare(x, dx, weights, both, Forward);
        Compare(gain, dGain, weights, both, Forward);
        Compare(bias, dBias, weights, both, Forward);
    }

    [Theory]
    [InlineData(false, 0f)]
    [InlineData(true, 0f)]
    [InlineData(true, 0.3f)]
    public void AttentionBackward_EveryOperand_IsTheSlope(bool causal, float dropout)
    {
        // Two sequences, of 1 query on 3 keys and 3 queries on 4 keys; two heads of 2.
        DeviceSpan<float> dO = Random(16);
        var a = new AttentionArguments
        {
            Sequences = 2,
            Heads = 2,
            HeadSize = 2,
            QueryOffsets = _host.Of(0, 1, 4),
            KeyOffsets = _host.Of(0, 3, 7),
            LongestKeys = 4,
            Causal = causal,
            Scale = 0.7f,
            Dropout = Mask with { Probability = dropout },
            Q = Random(16),
            LdQ = 4,
            K = Random(28),
            V = Random(28),
            LdKV = 4,
            O = _host.Zeros(16),
            LogSumExp = _host.Zeros(8),
        };
        var gradients = new AttentionGradients { O = dO, Q = _host.Zeros(16), K = _host.Zeros(28), V = _host.Zeros(28) };
        void Forward() => _kernels.Attention(a);

        Forward();
        _kernels.AttentionBackward(a, gradients);
        Compare(a.Q, gradients.Q, dO, a.O, Forward);
        Compare(a.K, gradients.K, dO, a.O, Forward);
        Compare(a.V, gradients.V, dO, a.O, Forward);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.2f)]
    public void SoftmaxCrossEntropy_Gradient_IsTheSlope(float smoothing)
    {
        const int Rows = 3, Classes = 5;
        DeviceSpan<float> x = Random(15), work = _host.Zeros(15), gradient = _host.Zeros(15), losses = _host.Zeros(3);
        DeviceSpan<int> targets = _host.Of(0, 4, 2);
        void Forward()
        {
            HostSpans.Read(x).CopyTo(HostSpans.Read(work));
            _kernels.SoftmaxCrossEntropy(Rows, Classes, work, targets, smoothing, 1, losses);
        }

        Forward();
        HostSpans.Read(work).CopyTo(HostSpans.Read(gradient));
        Compare(x, gradient, Ones(3), losses, Forward);
    }

    // The slope of Σ weights · y with respect to every element of x.
    private static void Compare(
        DeviceSpan<float> x, DeviceSpan<float> gradient, DeviceSpan<float> weights, DeviceSpan<float> y, Action forward)
    {
        double Value()
        {
            forward();
            double sum = 0;
            for (int i = 0; i < y.Length; i++)
            {
                sum += (double)HostSpans.Read(weights)[i] * HostSpans.Read(y)[i];
            }

            return sum;
        }

        for (int i = 0; i < x.Length; i++)
        {
            float at = HostSpans.Read(x)[i];
            HostSpans.Read(x)[i] = at + Step;
            double above = Value();
            HostSpans.Read(x)[i] = at - Step;
            double below = Value();
            HostSpans.Read(x)[i] = at;
            Assert.Equal((above - below) / (2 * Step), HostSpans.Read(gradient)[i], 2e-3);
        }

        forward();
    }

    private DeviceSpan<float> Ones(int count) => _host.Of<float>(Enumerable.Repeat(1f, count).ToArray());

    // In steps of a sixteenth and off zero, where max(x, 0) has no slope.
    private DeviceSpan<float> Random(int count)
        => _host.Of<float>([.. Enumerable.Range(0, count).Select(_ => (MathF.Floor(_random.NextSingle() * 32) - 15.5f) / 16)]);
}
