using System.CommandLine;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;

namespace Espalier.Benchmarks;

/// <summary>Products with compressed weights beside our own dense product at the same shape, turn by turn.</summary>
internal static class WeightsBenchmark
{
    private static readonly (string Name, QuantizationScheme? Scheme, double? Density, ActivationPrecision Activations)[] Kinds =
    [
        ("8-bit", new(8, ScaleGranularity.Row), null, ActivationPrecision.Single),
        ("4-bit", new(4, ScaleGranularity.Row), null, ActivationPrecision.Single),
        ("4-bit, groups of 64", new(4, ScaleGranularity.Group, 64), null, ActivationPrecision.Single),
        ("8-bit, integer activations", new(8, ScaleGranularity.Row), null, ActivationPrecision.Integer),
        ("75 % sparse", null, 0.25, ActivationPrecision.Single),
        ("90 % sparse", null, 0.10, ActivationPrecision.Single),
        ("30 % sparse, 8-bit", new(8, ScaleGranularity.Row), 0.70, ActivationPrecision.Single),
        ("90 % sparse, 4-bit", new(4, ScaleGranularity.Row), 0.10, ActivationPrecision.Single),
    ];

    public static Command Create()
    {
        Option<bool> json = BenchmarkOptions.Json();
        Option<int[]> hidden = BenchmarkOptions.Sizes("--hidden", "Hidden sizes", 256, 512, 768, 1024);
        Option<int[]> tokens = BenchmarkOptions.Sizes("--tokens", "Tokens that a product takes at a time", 1, 16, 128, 2048);
        Option<int> threads = BenchmarkOptions.Threads();
        Option<double> seconds = BenchmarkOptions.Seconds("Time for each row", 1);
        var command = new Command("weights", "Compressed weights beside dense ones") { json, threads, hidden, tokens, seconds };
        command.SetAction(parsed => Run(
            parsed.GetValue(json), parsed.GetValue(threads), parsed.GetValue(hidden)!, parsed.GetValue(tokens)!, parsed.GetValue(seconds)));
        return command;
    }

    private static void Run(bool json, int threads, int[] hiddenSizes, int[] tokenCounts, double seconds)
    {
        var report = new BenchmarkReport(json);
        using var device = new CpuDevice(threads);
        report.Say(device.Description);
        foreach (int tokens in tokenCounts)
        {
            foreach (int hidden in hiddenSizes)
            {
                using var products = new WeightsProducts(device, hidden, tokens, Matrices(tokens));
                foreach ((string name, QuantizationScheme? scheme, double? density, ActivationPrecision activations) in Kinds)
                {
                    products.Compress(WeightsProducts.Draw(hidden, scheme, density), activations);
                    report.Add(Time(name, device.Threads, products, seconds));
                }
            }
        }

        report.Finish();
    }

    // At one token the weights of a whole model pass by, 12 layers of 12 matrices of hidden × hidden: at 768 they are 340 MB in single
    // precision, more than a last-level cache holds. With more tokens fewer do, as each is then used long enough for where it came
    // from not to matter.
    private static int Matrices(int tokens) => tokens switch { 1 => 144, < 128 => 12, < 2048 => 2, _ => 1 };

    private static BenchmarkRow Time(string name, int threads, WeightsProducts p, double seconds)
    {
        string path = p.Verify();
        (List<double> ours, List<double> theirs, List<double> ratios) = Measure.Turns(seconds, rest: false, p.Compressed, p.Dense);
        (double own, double other) = (Measure.Median(ours), Measure.Median(theirs));
        double flops = 2.0 * p.Tokens * p.Hidden * p.Hidden * p.Count;
        return new BenchmarkRow(
            name, $"{p.Tokens} × {p.Hidden} × {p.Hidden}", threads, "GFLOP/s of the dense product", flops / own / 1e9,
            "dense", flops / other / 1e9, Measure.Median(ratios))
        {
            Path = path,
            More =
            {
                // Of the least disturbed call of each: on a busy machine this says more than medians do.
                ["ratioOfBest"] = theirs.Min() / ours.Min(),
                ["microseconds"] = own / p.Count * 1e6,
                ["denseMicroseconds"] = other / p.Count * 1e6,
                ["weightGBPerSecond"] = p.WeightBytes / own / 1e9,
                ["denseWeightGBPerSecond"] = p.DenseBytes / other / 1e9,
                ["weightMB"] = p.WeightBytes / 1e6,
                ["denseWeightMB"] = p.DenseBytes / 1e6,
            },
        };
    }
}
