using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Weights;

namespace Espalier.Benchmarks;

/// <summary>Several copies of one square matrix, each in memory of its own, compressed and dense, and a batch of activations.</summary>
internal sealed class WeightsProducts : IDisposable
{
    private readonly CpuDevice _device;
    private readonly Weight[] _weights;
    private readonly DeviceMemory[] _dense;
    private readonly DeviceMemory _x;
    private readonly DeviceMemory _y;
    private readonly DeviceMemory _other;
    private readonly float _tolerance;

    public WeightsProducts(CpuDevice device, CompressedTensor matrix, ActivationPrecision activations, int tokens, int count)
    {
        (_device, Tokens, Hidden, Count) = (device, tokens, matrix.Shape.Rows, count);
        float[] values = new float[matrix.Shape.Count];
        matrix.Decode(values);
        _weights = [.. Enumerable.Range(0, count).Select(_ => Weight.Create(device, [matrix], activations)!)];
        _dense = [.. Enumerable.Range(0, count).Select(_ => Filled(values))];
        var random = new Random(9);
        _x = Filled([.. Enumerable.Range(0, tokens * Hidden).Select(_ => (float)random.NextDouble() - 0.5f)]);
        _y = new DeviceMemory(device, (long)tokens * Hidden * sizeof(float));
        _other = new DeviceMemory(device, (long)tokens * Hidden * sizeof(float));

        // Seven bits cost half a step, 1/254, of each activation, at random: five deviations of the sum.
        _tolerance = activations == ActivationPrecision.Integer ? 5 * 0.3f / 254 * MathF.Sqrt(Hidden) : 1e-5f * MathF.Sqrt(Hidden);
    }

    public int Tokens { get; }

    public int Hidden { get; }

    public int Count { get; }

    public long WeightBytes => _weights.Sum(w => w.Bytes);

    /// <summary>A matrix of values in about ±½, drawn at random.</summary>
    public static CompressedTensor Draw(int hidden, QuantizationScheme? scheme, double? density)
    {
        var random = new Random(8);
        var shape = Shape.Matrix(hidden, hidden);
        bool[] kept = density is { } d ? [.. Enumerable.Range(0, hidden * hidden).Select(_ => random.NextDouble() < d)] : [];
        if (scheme is not { } s)
        {
            return CompressedTensor.FromValues(
                shape, [.. Enumerable.Range(0, hidden * hidden).Select(_ => (float)random.NextDouble() - 0.5f)], kept);
        }

        byte[] codes = [.. Enumerable.Range(0, hidden * hidden).Select(_ => (byte)random.Next(s.LargestCode + 1))];
        float[] scales = [.. Enumerable.Repeat(1f / s.LargestCode, (int)s.ScaleCount(shape))];
        float[] zeros = [.. Enumerable.Repeat(-0.5f, scales.Length)];
        return CompressedTensor.FromCodes(shape, s, codes, scales, zeros, kept);
    }

    public void Compressed()
    {
        foreach (Weight weight in _weights)
        {
            weight.Multiply(_device.Kernels, new WeightProduct { Tokens = Tokens, X = _x.Span<float>(), Y = _y.Span<float>() });
        }
    }

    public void Dense()
    {
        foreach (DeviceMemory weight in _dense)
        {
            _device.Kernels.Gemm(new GemmArguments
            {
                M = Tokens,
                N = Hidden,
                K = Hidden,
                TransposeB = true,
                A = _x.Span<float>(),
                LdA = Hidden,
                B = weight.Span<float>(),
                LdB = Hidden,
                C = _other.Span<float>(),
                LdC = Hidden,
            });
        }
    }

    /// <summary>Compares all results with the dense product's; returns the code path that the kernel says it took.</summary>
    /// <exception cref="InvalidOperationException">They differ, or the kernels are not the fast ones.</exception>
    public string Verify()
    {
        Compressed();
        string path = (_device.Kernels as IReportsPath)?.Path
            ?? throw new InvalidOperationException($"{_device.Description} has no fast path for compressed weights");
        Dense();
        float[] ours = new float[Tokens * Hidden], theirs = new float[ours.Length];
        _device.Download(_y.Span<float>(), ours);
        _device.Download(_other.Span<float>(), theirs);
        for (int i = 0; i < ours.Length; i++)
        {
            if (!(Math.Abs(ours[i] - theirs[i]) <= _tolerance))
            {
                throw new InvalidOperationException($"{path}: element {i} is {ours[i]}, the dense product has {theirs[i]}");
            }
        }

        return path;
    }

    public void Dispose()
    {
        Array.ForEach(_weights, w => w.Dispose());
        Array.ForEach(_dense, w => w.Dispose());
        _x.Dispose();
        _y.Dispose();
        _other.Dispose();
    }

    private DeviceMemory Filled(float[] values)
    {
        var memory = new DeviceMemory(_device, values.Length * (long)sizeof(float));
        _device.Upload<float>(values, memory.Span<float>());
        return memory;
    }
}
