using Espalier.Engine.Devices;

namespace Espalier.Benchmarks;

/// <summary>Where a training step's time goes: the share of each kernel and the rate it reaches.</summary>
internal static class StepProfile
{
    public static void Run(BenchmarkReport report, (int Layers, int Hidden, int Sequences)[] shapes, int threads, double seconds)
    {
        using var cpu = new CpuDevice(threads);
        double peak = GemmBenchmark.Peak(cpu), copy = OpsBenchmark.CopyRate(cpu);
        report.Say($"{cpu.Description}; products reach {peak:F0} GFLOP/s, copying {copy:F1} GB/s");
        foreach ((int layers, int hidden, int sequences) in shapes)
        {
            using var device = new ProfiledDevice(cpu);
            using var step = new TrainingStep(device, layers, hidden, sequences);
            step.Verify();
            device.Profile.Clear();
            double time = Measure.Alone(seconds, () => step.Run());
            double all = device.Profile.Values.Sum(e => e.Seconds);
            report.Say($"{layers} × {hidden}, batch {sequences}: {time * 1e3:F0} ms a step");
            report.Say("  kernel                              share    ms/call   GFLOP/s      GB/s");
            foreach ((string name, KernelTime entry) in device.Profile.OrderByDescending(e => e.Value.Seconds))
            {
                string flops = entry.Flops > 0 ? $"{entry.Flops / entry.Seconds / 1e9:F0}" : string.Empty;
                string bytes = entry.Bytes > 0 ? $"{entry.Bytes / entry.Seconds / 1e9:F1}" : string.Empty;
                report.Say(
                    $"  {name,-34} {entry.Seconds / all * 100,5:F1} %  {entry.Seconds / entry.Calls * 1e3,8:F3}  {flops,8}  {bytes,8}");
            }
        }
    }
}

/// <summary>What one kernel took over a run.</summary>
internal sealed class KernelTime
{
    public int Calls { get; set; }

    public double Seconds { get; set; }

    public double Flops { get; set; }

    public double Bytes { get; set; }
}
