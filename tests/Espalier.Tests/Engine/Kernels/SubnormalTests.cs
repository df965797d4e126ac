using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Where an exponential vanishes, what a kernel writes is zero or an ordinary number. Subnormal ones are as good in value, but
/// processors take a hundred times as long over every product with them.
/// </summary>
public sealed class SubnormalTests : IDisposable
{
    private const int Count = 40;

    private readonly HostSpans _host = new();

    public static TheoryData<InstructionSet> Sets => [.. KernelComparison.Available];

    public void Dispose() => _host.Dispose();

    [Theory]
    [MemberData(nameof(Sets))]
    public void AttentionBackward_ScoresFarApart_GivesOrdinaryNumbers(InstructionSet set)
    {
        using var device = new CpuDevice(1, set);

        // One query, which all keys but the first leave cold: scores 0, -100, -100, ...
        DeviceSpan<float> o = _host.Zeros(1), dQ = _host.Zeros(1), dK = _host.Zeros(Count), dV = _host.Zeros(Count);
        float[] keys = [0, .. Enumerable.Repeat(-100f, Count - 1)], values = [.. Enumerable.Range(0, Count).Select(i => i * 0.1f)];
        var arguments = new AttentionArguments
        {
            Sequences = 1,
            Heads = 1,
            HeadSize = 1,
            QueryOffsets = _host.Of(0, 1),
            KeyOffsets = _host.Of(0, Count),
            LongestKeys = Count,
            Scale = 1,
            Q = _host.Of(1f),
            LdQ = 1,
            K = _host.Of<float>(keys),
            V = _host.Of<float>(values),
            LdKV = 1,
            O = o,
            LogSumExp = _host.Zeros(1),
        };
        device.Kernels.Attention(arguments);
        device.Kernels.AttentionBackward(arguments, new AttentionGradients { O = _host.Of(1e-3f), Q = dQ, K = dK, V = dV });
        AssertOrdinary(o, dQ, dK, dV);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void SoftmaxCrossEntropy_LogitsFarApart_GivesOrdinaryNumbers(InstructionSet set)
    {
        using var device = new CpuDevice(1, set);
        DeviceSpan<float> logits = _host.Of<float>([.. Enumerable.Range(0, Count).Select(i => -5f * i)]), loss = _host.Zeros(1);
        device.Kernels.SoftmaxCrossEntropy(1, Count, logits, _host.Of(3), 0, 1e-3f, loss);
        Assert.Equal(15.0067f, HostSpans.Read(loss)[0], 1e-3f);
        AssertOrdinary(logits);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Activate_GeluFarFromZero_GivesOrdinaryNumbers(InstructionSet set)
    {
        using var device = new CpuDevice(1, set);
        DeviceSpan<float> x = _host.Of<float>([.. Enumerable.Range(0, Count).Select(i => -1f * i), 20, 100, 1e4f, -1e4f]);
        DeviceSpan<float> y = _host.Zeros((int)x.Length), derivative = _host.Zeros((int)x.Length);
        device.Kernels.Activate(Activation.Gelu, x, y, derivative);
        AssertOrdinary(y, derivative);
    }

    private static void AssertOrdinary(params DeviceSpan<float>[] results)
        => Assert.All(results, result => Assert.All(
            HostSpans.Read(result).ToArray(), value => Assert.True(value == 0 || float.IsNormal(value), $"{value:R}")));
}
