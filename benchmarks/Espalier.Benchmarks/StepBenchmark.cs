using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Espalier.Engine.Devices;

namespace Espalier.Benchmarks;

/// <summary>Whole training steps beside a peer command that prints lines like
/// <c>layers 3 hidden 256 batch 32: 500 ms/step, 8000 tokens/s, 150 GFLOP/s</c>.</summary>
internal static partial class StepBenchmark
{
    public static Command Create()
    {
        Option<bool> json = BenchmarkOptions.Json();
        var peer = new Option<string?>("--peer") { Description = "A command to run between two rounds of ours; the number of threads is its last argument" };
        peer.Validators.Add(result =>
        {
            string? program = Words(result.GetValueOrDefault<string?>() ?? string.Empty).FirstOrDefault();
            if (program == null || !Exists(program))
            {
                result.AddError($"--peer: there is no program '{program}'; expected a command that runs here");
            }
        });
        Option<int> threads = BenchmarkOptions.Threads();
        Option<double> seconds = BenchmarkOptions.Seconds("Time for each shape and round", 12);
        Option<string[]> shapes = BenchmarkOptions.Shapes("3x256x32", "6x256x32", "6x512x16", "12x768x8");
        Option<int> rounds = BenchmarkOptions.Count("--rounds", "How often the peer runs, between rounds of ours", 1);
        var scaling = new Option<bool>("--scaling") { Description = "Set the threads beside one thread instead, in turn" };
        var profile = new Option<bool>("--profile") { Description = "Print where the time goes, kernel by kernel" };
        var command = new Command("step", "Training steps beside a peer") { json, peer, rounds, threads, seconds, shapes, scaling, profile };
        command.SetAction(parsed =>
        {
            var report = new BenchmarkReport(parsed.GetValue(json));
            (int, int, int)[] sizes = BenchmarkOptions.Read(parsed.GetValue(shapes)!);
            (int count, double time) = (parsed.GetValue(threads), parsed.GetValue(seconds));
            try
            {
                if (parsed.GetValue(profile))
                {
                    StepProfile.Run(report, sizes, count, time);
                }
                else if (parsed.GetValue(scaling))
                {
                    Scale(report, sizes, count, time);
                }
                else
                {
                    Run(report, sizes, count, time, parsed.GetValue(peer), parsed.GetValue(rounds));
                }
            }
            finally
            {
                // Rows that took minutes are not lost with the one that failed.
                report.Finish();
            }
        });
        return command;
    }

    private static void Run(
        BenchmarkReport report, (int Layers, int Hidden, int Sequences)[] shapes, int threads, double seconds, string? peer,
        int times)
    {
        using var device = new CpuDevice(threads);
        report.Say(device.Description);
        var rounds = new List<Dictionary<(int, int, int), Figure>> { Round(device, shapes, seconds) };
        long ownBytes = PeakBytes(Process.GetCurrentProcess());
        List<Dictionary<(int, int, int), double>> peers = [];
        long peerBytes = 0;
        PeerException? failure = null;
        for (int time = 0; peer != null && failure == null && time < times; time++)
        {
            try
            {
                (Dictionary<(int, int, int), double> rates, long bytes) = RunPeer(report, peer, device.Threads);
                peers.Add(rates);
                peerBytes = Math.Max(peerBytes, bytes);
                rounds.Add(Round(device, shapes, seconds));
            }
            catch (PeerException e)
            {
                failure = e;
            }
        }

        if (peerBytes > 0)
        {
            report.Say($"peak memory of the process: ours {ownBytes / 1e6:F0} MB, peer {peerBytes / 1e6:F0} MB");
        }

        foreach ((int, int, int) shape in shapes)
        {
            double rate = Measure.Median(rounds.Select(r => r[shape].TokensPerSecond));
            Figure figure = rounds[0][shape];
            double[] theirRates = [.. peers.Where(p => p.ContainsKey(shape)).Select(p => p[shape])];
            double? theirs = theirRates.Length > 0 ? Measure.Median(theirRates) : null;
            var row = new BenchmarkRow(
                "step", $"{shape.Item1} × {shape.Item2}, batch {shape.Item3}", device.Threads, "tokens/s", rate,
                theirs == null ? null : "peer", theirs, rate / theirs,
                Measure.Median(rounds.Select(r => r[shape].FractionOfPeak)))
            {
                More = new()
                {
                    ["GFLOP/s"] = rate * figure.FlopsPerToken / 1e9,
                    ["peakGFLOP/s"] = Measure.Median(rounds.Select(r => r[shape].Peak)),
                    ["MB"] = figure.Bytes / 1e6,
                    ["processMB"] = ownBytes / 1e6,
                },
            };
            if (theirs != null)
            {
                row.More["peerProcessMB"] = peerBytes / 1e6;
            }

            report.Add(row);
        }

        if (failure != null)
        {
            throw failure;
        }
    }

    private static void Scale(
        BenchmarkReport report, (int Layers, int Hidden, int Sequences)[] shapes, int threads, double seconds)
    {
        using CpuDevice all = new(threads), one = new(1);
        report.Say(all.Description);
        foreach ((int layers, int hidden, int sequences) in shapes)
        {
            using TrainingStep parallel = new(all, layers, hidden, sequences), serial = new(one, layers, hidden, sequences);
            parallel.Verify();
            serial.Verify();
            (double ours, double theirs, double ratio) = Measure.InTurn(
                seconds, rest: false, () => parallel.Run(), () => serial.Run(), warm: false);
            report.Add(new BenchmarkRow(
                "step, scaling", $"{layers} × {hidden}, batch {sequences}", all.Threads, "tokens/s", parallel.Tokens / ours,
                "1 thread", parallel.Tokens / theirs, ratio));
        }
    }

    private static Dictionary<(int, int, int), Figure> Round(CpuDevice device, (int Layers, int Hidden, int Sequences)[] shapes, double seconds)
    {
        Dictionary<(int, int, int), Figure> figures = [];
        foreach ((int layers, int hidden, int sequences) in shapes)
        {
            using var step = new TrainingStep(device, layers, hidden, sequences);
            step.Verify();
            using GemmBenchmark.Product product = GemmBenchmark.PeakProduct(device);
            (double time, double productTime, double turn) = Measure.InTurn(
                seconds, rest: false, () => step.Run(), () => device.Kernels.Gemm(product.Arguments),
                warm: false);
            figures[(layers, hidden, sequences)] = new Figure(
                step.Tokens / time, step.Flops / step.Tokens, product.Arguments.Flops / productTime / 1e9,
                step.Flops / product.Arguments.Flops * turn, step.Bytes);
        }

        return figures;
    }

    private static string[] Words(string command) => command.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // Asked before our own rows are measured, which takes minutes.
    private static bool Exists(string program)
    {
        IEnumerable<string> places = program.Contains(Path.DirectorySeparatorChar)
            ? [program]
            : (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator).Select(folder => Path.Join(folder, program));
        return places.Any(File.Exists);
    }

    private static (Dictionary<(int, int, int), double> Rates, long Bytes) RunPeer(BenchmarkReport report, string command, int threads)
    {
        string[] words = Words(command);
        var start = new ProcessStartInfo(words[0]) { RedirectStandardOutput = true };
        foreach (string word in words.Skip(1).Append(threads.ToString(CultureInfo.InvariantCulture)))
        {
            start.ArgumentList.Add(word);
        }

        Dictionary<(int, int, int), double> rates = [];
        using Process process = Start(start);
        long bytes = 0;
        using var timer = new Timer(_ => bytes = Math.Max(bytes, PeakBytes(process)), null, 0, 200);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            report.Say($"peer: {line}");
            if (PeerLine().Match(line) is { Success: true } match)
            {
                int Whole(string name) => int.Parse(match.Groups[name].Value, CultureInfo.InvariantCulture);
                rates[(Whole("layers"), Whole("hidden"), Whole("batch"))] =
                    double.Parse(match.Groups["rate"].Value, CultureInfo.InvariantCulture);
            }
        }

        process.WaitForExit();
        return process.ExitCode == 0 ? (rates, bytes) : throw new PeerException($"peer '{command}' ended with exit code {process.ExitCode}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new PeerException($"peer '{start.FileName}' did not start: {e.Message}");
        }
    }

    private static long PeakBytes(Process process)
    {
        try
        {
            process.Refresh();
            return process.PeakWorkingSet64;
        }
        catch (InvalidOperationException)
        {
            // It has just ended.
            return 0;
        }
    }

    [GeneratedRegex(@"layers (?<layers>\d+) hidden (?<hidden>\d+) batch (?<batch>\d+):.*?(?<rate>[\d.]+) tokens/s")]
    private static partial Regex PeerLine();

    private sealed record Figure(double TokensPerSecond, double FlopsPerToken, double Peak, double FractionOfPeak, long Bytes);
}

/// <summary>A peer could not be measured.</summary>
internal sealed class PeerException(string message) : Exception(message);
