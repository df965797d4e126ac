using System.CommandLine;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Benchmarks;

/// <summary>Matrix products that occur in training, beside OpenBLAS where it is installed.</summary>
internal static unsafe class GemmBenchmark
{
    private const int Tokens = 4096;

    public static Command Create()
    {
        Option<bool> json = BenchmarkOptions.Json();
        Option<int[]> threads = BenchmarkOptions.ThreadCounts();
        Option<int[]> hidden = BenchmarkOptions.Sizes("--hidden", "Hidden sizes", 128, 256, 512, 768, 1024);
        Option<double> seconds = BenchmarkOptions.Seconds("Time for each row", 3);
        var command = new Command("gemm", "Products of training beside OpenBLAS") { json, threads, hidden, seconds };
        command.SetAction(parsed => Run(
            parsed.GetValue(json), parsed.GetValue(threads)!, parsed.GetValue(hidden)!, parsed.GetValue(seconds)));
        return command;
    }

    /// <summary>The best median that our own products reach, of two shapes that suit them, in GFLOP/s.</summary>
    public static double Peak(CpuDevice device)
    {
        double best = 0;
        foreach ((int m, int n, int k) in new[] { (1536, 1536, 1536), (4096, 768, 768) })
        {
            using var product = new Product(device, "peak", m, n, k, false, true);
            for (int i = 0; i < 4; i++)
            {
                best = Math.Max(best, product.Arguments.Flops / Measure.Alone(0, () => device.Kernels.Gemm(product.Arguments)) / 1e9);
            }
        }

        return best;
    }

    /// <summary>A product that suits us, to be timed beside something else.</summary>
    public static Product PeakProduct(CpuDevice device) => new(device, "peak", 1536, 1536, 1536, false, true);

    private static void Run(bool json, int[] threadCounts, int[] hiddenSizes, double seconds)
    {
        var report = new BenchmarkReport(json);
        OpenBlas? blas = OpenBlas.TryLoad();
        report.Say(blas == null
            ? "OpenBLAS is not installed: our figures stand alone"
            : "beside OpenBLAS, in turn; a rate is the median over the calls, a ratio the median over the turns");
        foreach (int threads in threadCounts)
        {
            using var device = new CpuDevice(threads);
            report.Say(device.Description);
            blas?.SetThreads(threads);
            double peak = Peak(device);
            foreach (int h in hiddenSizes)
            {
                foreach (Product product in Products(device, h))
                {
                    report.Add(Time(device, blas, product, peak, seconds));
                    product.Dispose();
                }
            }
        }

        report.Finish();
    }

    private static IEnumerable<Product> Products(CpuDevice device, int h)
    {
        yield return new(device, "forward, up", Tokens, 4 * h, h, false, true);
        yield return new(device, "forward, down", Tokens, h, 4 * h, false, true);
        yield return new(device, "backward to input", Tokens, h, 4 * h, false, false);
        yield return new(device, "backward to weight", 4 * h, h, Tokens, true, false);
        yield return new(device, "output projection", 614, 8192, h, false, true);
    }

    private static BenchmarkRow Time(CpuDevice device, OpenBlas? blas, Product p, double peak, double seconds)
    {
        GemmArguments g = p.Arguments;
        void Ours() => device.Kernels.Gemm(g);
        void Theirs() => blas!.Gemm(
            g.TransposeA, g.TransposeB, g.M, g.N, g.K, g.A.Pointer, g.LdA, g.B.Pointer, g.LdB, p.Other.Pointer, g.LdC);

        Ours();
        p.Verify();
        if (blas != null)
        {
            Theirs();
            p.VerifyOther();
        }

        if (blas == null)
        {
            double alone = g.Flops / Measure.Alone(seconds, Ours) / 1e9;
            return new BenchmarkRow(p.Name, $"{g.M} × {g.N} × {g.K}", device.Threads, "GFLOP/s", alone, FractionOfPeak: alone / peak);
        }

        (double own, double other, double ratio) = Measure.InTurn(seconds, rest: device.Threads > 1, Ours, Theirs);
        double ours = g.Flops / own / 1e9;
        return new BenchmarkRow(
            p.Name, $"{g.M} × {g.N} × {g.K}", device.Threads, "GFLOP/s", ours, "OpenBLAS", g.Flops / other / 1e9, ratio, ours / peak);
    }

    /// <summary>One product with its memory.</summary>
    internal sealed class Product : IDisposable
    {
        private readonly CpuDevice _device;
        private readonly DeviceMemory _a;
        private readonly DeviceMemory _b;
        private readonly DeviceMemory _c;
        private readonly DeviceMemory _other;

        public Product(CpuDevice device, string name, int m, int n, int k, bool transposeA, bool transposeB)
        {
            (_device, Name) = (device, name);
            _a = Filled(device, (long)m * k, 1);
            _b = Filled(device, (long)n * k, 2);
            _c = new DeviceMemory(device, (long)m * n * sizeof(float));
            _other = new DeviceMemory(device, (long)m * n * sizeof(float));
            Arguments = new GemmArguments
            {
                TransposeA = transposeA,
                TransposeB = transposeB,
                M = m,
                N = n,
                K = k,
                A = _a.Span<float>(),
                LdA = transposeA ? m : k,
                B = _b.Span<float>(),
                LdB = transposeB ? k : n,
                C = _c.Span<float>(),
                LdC = n,
            };
        }

        public string Name { get; }

        public GemmArguments Arguments { get; }

        public DeviceSpan<float> Other => _other.Span<float>();

        /// <summary>Compares elements all over the result with sums in double precision.</summary>
        public void Verify()
        {
            GemmArguments g = Arguments;
            var random = new RandomStream(7, 3);
            for (int sample = 0; sample < 500; sample++)
            {
                int i = (int)(random.NextUInt32() % (uint)g.M), j = (int)(random.NextUInt32() % (uint)g.N);
                double sum = 0;
                for (int p = 0; p < g.K; p++)
                {
                    double a = g.A.Pointer[g.TransposeA ? ((long)p * g.LdA) + i : ((long)i * g.LdA) + p];
                    sum += a * g.B.Pointer[g.TransposeB ? ((long)j * g.LdB) + p : ((long)p * g.LdB) + j];
                }

                double got = g.C.Pointer[((long)i * g.LdC) + j];
                if (Math.Abs(got - sum) > 1e-4 * Math.Sqrt(g.K))
                {
                    throw new InvalidOperationException($"{Name}: element ({i}, {j}) is {got}, expected {sum}");
                }
            }
        }

        /// <summary>The peer must have computed the same.</summary>
        public void VerifyOther()
        {
            for (long i = 0; i < Arguments.C.Length; i += 97)
            {
                if (Math.Abs(Arguments.C.Pointer[i] - Other.Pointer[i]) > 2e-4 * Math.Sqrt(Arguments.K))
                {
                    throw new InvalidOperationException($"{Name}: the peer has {Other.Pointer[i]} where we have {Arguments.C.Pointer[i]}");
                }
            }
        }

        public void Dispose()
        {
            _a.Dispose();
            _b.Dispose();
            _c.Dispose();
            _other.Dispose();
        }

        private static DeviceMemory Filled(CpuDevice device, long count, uint stream)
        {
            var memory = new DeviceMemory(device, count * sizeof(float));
            var random = new RandomStream(1, stream);
            float[] values = new float[count];
            foreach (ref float value in values.AsSpan())
            {
                value = random.NextSingle() - 0.5f;
            }

            device.Upload(values, memory.Span<float>());
            return memory;
        }
    }
}
