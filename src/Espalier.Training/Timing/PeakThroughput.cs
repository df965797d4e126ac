using System.Diagnostics;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Training.Timing;

/// <summary>The rate of plain matrix products on a device: the limit that training throughput is set beside.</summary>
public static class PeakThroughput
{
    private const int Size = 1536, Calls = 5;

    /// <summary>The best of a few products of 1536³, in FLOP/s; takes a fraction of a second.</summary>
    public static double Measure(Device device)
    {
        long bytes = (long)Size * Size * sizeof(float);
        using var a = new DeviceMemory(device, bytes);
        using var b = new DeviceMemory(device, bytes);
        using var c = new DeviceMemory(device, bytes);
        device.Kernels.Fill(a.Span<float>(), 0.5f);
        device.Kernels.Fill(b.Span<float>(), 0.5f);
        var product = new GemmArguments
        {
            M = Size,
            N = Size,
            K = Size,
            TransposeB = true,
            A = a.Span<float>(),
            LdA = Size,
            B = b.Span<float>(),
            LdB = Size,
            C = c.Span<float>(),
            LdC = Size,
        };
        double best = double.PositiveInfinity;
        Span<float> one = stackalloc float[1];
        for (int i = 0; i < Calls; i++)
        {
            long start = Stopwatch.GetTimestamp();
            device.Kernels.Gemm(product);
            device.Download(c.Span<float>(), one);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return product.Flops / best;
    }
}
