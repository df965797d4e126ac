using System.Diagnostics;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Training.Timing;

/// <summary>
/// The rate of plain matrix products on a device: the limit that training throughput is set beside. Whoever shares the machine makes it
/// look lower and never higher, so it is measured again now and then, and the best counts.
/// </summary>
public sealed class PeakThroughput
{
    private const int Size = 1536, Calls = 5;

    // A hundred times as long as a measurement took nothing is measured: it is to cost next to nothing.
    private const int Rest = 100;

    private readonly Func<double> _measure;
    private readonly TimeProvider _time;
    private long _ended;
    private TimeSpan _took;

    /// <summary>Measures it for the first time.</summary>
    /// <param name="measure">Gives the rate as it is now, in FLOP/s.</param>
    /// <param name="time">The clock; the system's when null.</param>
    public PeakThroughput(Func<double> measure, TimeProvider? time = null)
    {
        (_measure, _time) = (measure, time ?? TimeProvider.System);
        Flops = MeasureNow();
    }

    /// <summary>The best so far, in FLOP/s.</summary>
    public double Flops { get; private set; }

    /// <summary>Measures it again, unless that was done only just now.</summary>
    /// <returns>The rate in FLOP/s where it is better than all before; null where it is not.</returns>
    public double? MeasureAgain()
    {
        try
        {
            return _time.GetElapsedTime(_ended) > Rest * _took && MeasureNow() is var rate && rate > Flops ? Flops = rate : null;
        }
        catch (OutOfMemoryException)
        {
            // Nothing but what is shown depends on it.
            return null;
        }
    }

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

    private double MeasureNow()
    {
        long start = _time.GetTimestamp();
        double rate = _measure();
        _ended = _time.GetTimestamp();
        _took = _time.GetElapsedTime(start, _ended);
        return rate;
    }
}
