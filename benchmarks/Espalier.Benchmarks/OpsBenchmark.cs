using System.CommandLine;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Benchmarks;

/// <summary>Every kernel that is not a product, against what the machine's memory or arithmetic allows.</summary>
internal static class OpsBenchmark
{
    private const int Tokens = 4096, Length = 128;

    public static Command Create()
    {
        Option<bool> json = BenchmarkOptions.Json();
        Option<int[]> threads = BenchmarkOptions.ThreadCounts();
        Option<int> hidden = BenchmarkOptions.Count("--hidden", "Hidden size", 512);
        Option<double> seconds = BenchmarkOptions.Seconds("Time for each row", 1);
        var command = new Command("ops", "Kernels against memory bandwidth and arithmetic peak") { json, threads, hidden, seconds };
        command.SetAction(parsed =>
        {
            var report = new BenchmarkReport(parsed.GetValue(json));
            foreach (int count in parsed.GetValue(threads)!)
            {
                Run(report, count, parsed.GetValue(hidden), parsed.GetValue(seconds));
            }

            report.Finish();
        });
        return command;
    }

    /// <summary>Bytes read and written in a second by the plainest kernel over memory too large for any cache, in GB/s.</summary>
    public static double CopyRate(CpuDevice device)
    {
        const long Count = 32 << 20;
        using var source = new DeviceMemory(device, Count * sizeof(float));
        using var target = new DeviceMemory(device, Count * sizeof(float));
        double time = Measure.Alone(0.5, () => device.Kernels.Scale(source.Span<float>(), 2, target.Span<float>()));
        return 2 * Count * sizeof(float) / time / 1e9;
    }

    private static void Run(BenchmarkReport report, int threads, int h, double seconds)
    {
        using var device = new CpuDevice(threads);
        double copy = CopyRate(device), peak = GemmBenchmark.Peak(device);
        report.Say($"{device.Description}; copying reaches {copy:F1} GB/s, products {peak:F0} GFLOP/s");
        foreach (OpsCase operation in OpsCase.All(Tokens, Length, h))
        {
            OpsVerification.Verify(operation, device);
            using var buffers = new OpsBuffers(device, operation);
            double time = Measure.Alone(seconds, () => operation.Run(device.Kernels, buffers));
            (string unit, double work, double limit) = operation.Flops > 0
                ? ("GFLOP/s", operation.Flops, peak)
                : ("GB/s", operation.Bytes, copy);
            double rate = work / time / 1e9;
            report.Add(new BenchmarkRow(operation.Name, $"{Tokens} × {h}", threads, unit, rate, FractionOfPeak: rate / limit)
            {
                More = new() { ["ms"] = time * 1e3 },
            });
        }
    }
}
