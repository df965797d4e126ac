using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Weights;

namespace Espalier.Benchmarks;

/// <summary>
/// Several copies of one square matrix, each in memory of its own, dense and compressed, and a batch of activations. The dense
/// copies and the activations serve one kind of compressed weights after the other.
/// </summary>
internal sealed class WeightsProducts : IDisposable
{
    private readonly CpuDevice _device;
    private readonly DeviceMemory[] _dense;
    private readonly DeviceMemory _x;
    private readonly DeviceMemory _y;
    private readonly DeviceMemory _other;
    private Weight[] _weights = [];
    private float _tolerance;

    public WeightsProducts(CpuDevice device, int hidden, int tokens, int count)
    {
        (_device, Tokens, Hidden, Count) = (device, tokens, hidden, count);
        var random = new Random(9);
        float[] values = [.. Enumerable.Range(0, hidden * hidden).Select(_ => (float)random.NextDouble() - 0.5f)];
        _dense = [.. Enumerable.Range(0, count).Select(_ => Filled(values))];
        _x = Filled([.. Enumerable.Range(0, tokens * Hidden).Select(_ => (float)random.NextDouble() - 0.5f)]);
        _y = new DeviceMemory(device, (long)tokens * Hidden * sizeof(float));
        _other = new DeviceMemory(device, (long)tokens * Hidden * sizeof(float));
    }

    public int Tokens { get; }

    public int Hidden { get; }

    public int Count { get; }

    public long WeightBytes => _weights.Sum(w => w.Bytes);

    public long DenseBytes => (long)sizeof(float) * Hidden * Hidden * Count;

    /// <summary>Puts a compressed matrix in the place of the last one, and its values into the first of the dense copies.</summary>
    public void Compress(CompressedTensor matrix, ActivationPrecision activations)
    {
        Array.ForEach(_weights, w => w.Dispose());
        _weights = [.. Enumerable.Range(0, Count).Select(_ => Weight.Create(_device, [matrix], activations)!)];
        float[] values = new float[matrix.Shape.Count];
        matrix.Decode(values);
        _device.Upload<float>(values, _dense[0].Span<float>());

        // Seven bits cost half a step, 1/254, of each activation, at random: five deviations of the sum.
        _tolerance = activations == ActivationPrecision.Integer ? 5 * 0.3f / 254 * MathF.Sqrt(Hidden) : 1e-5f * MathF.Sqrt(Hidden);
    }

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
            Multiply(weight);
        }
    }

    public void Dense()
    {
        foreach (DeviceMemory weight in _dense)
        {
            Multiply(weight);
        }
    }

    /// <summary>Compares all results with the dense product's; returns the code path that the kernel says it took.</summary>
    /// <exception cref="InvalidOperationException">They differ, or the kernels are not the fast ones.</exception>
    public string Verify()
    {
        Multiply(_weights[0]);
        string path = (_device.Kernels as IReportsPath)?.Path
            ?? throw new InvalidOperationException($"{_device.Description} has no fast path for compressed weights");
        Multiply(_dense[0]);
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

    private void Multiply(Weight weight)
        => weight.Multiply(_device.Kernels, new WeightProduct { Tokens = Tokens, X = _x.Span<float>(), Y = _y.Span<float>() });

    private void Multiply(DeviceMemory weight) => _device.Kernels.Gemm(new GemmArguments
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

    private DeviceMemory Filled(float[] values)
    {
        var memory = new DeviceMemory(_device, values.Length * (long)sizeof(float));
        _device.Upload<float>(values, memory.Span<float>());
        return memory;
    }
}
