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
        var json = new Option<bool>("--json") { Description = "Print the rows as JSON" };
        var peer = new Option<string?>("--peer") { Description = "A command to run between two rounds of ours" };
        var threads = new Option<int>("--threads") { Description = "Threads; 0 means every core", DefaultValueFactory = _ => 0 };
        var seconds = new Option<double>("--seconds") { Description = "Time for each shape and round", DefaultValueFactory = _ => 12 };
        var shapes = new Option<string[]>("--shapes")
        {
            Description = "layers×hidden×sequences",
            DefaultValueFactory = _ => ["3x256x32", "6x256x32", "6x512x16", "12x768x8"],
            AllowMultipleArgumentsPerToken = true,
        };
        var rounds = new Option<int>("--rounds")
        {
            Description = "How often the peer runs, between rounds of ours",
            DefaultValueFactory = _ => 1,
        };
        var scaling = new Option<bool>("--scaling") { Description = "Set the threads beside one thread instead, in turn" };
        var profile = new Option<bool>("--profile") { Description = "Print where the time goes, kernel by kernel" };
        var command = new Command("step", "Training steps beside a peer") { json, peer, rounds, threads, seconds, shapes, scaling, profile };
        command.SetAction(parsed =>
        {
            var report = new BenchmarkReport(parsed.GetValue(json));
            (int, int, int)[] sizes = [.. parsed.GetValue(shapes)!.Select(Parse)];
            if (parsed.GetValue(profile))
            {
                StepProfile.Run(report, sizes, parsed.GetValue(threads), parsed.GetValue(seconds));
            }
            else if (parsed.GetValue(scaling))
            {
                Scale(report, sizes, parsed.GetValue(threads), parsed.GetValue(seconds));
            }
            else
            {
                Run(
                    report, sizes, parsed.GetValue(threads), parsed.GetValue(seconds), parsed.GetValue(peer),
                    parsed.GetValue(rounds));
            }

            report.Finish();
        });
        return command;
    }

    internal static (int Layers, int Hidden, int Sequences) Parse(string shape)
    {
        int[] parts = [.. shape.Split('x', '×').Select(
            p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out int part) ? part : 0)];
        return parts.Length == 3 && parts.All(part => part > 0)
            ? (parts[0], parts[1], parts[2])
            : throw new ArgumentException($"shape '{shape}': expected layers×hidden×sequences, such as 3x256x32");
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
        for (int time = 0; peer != null && time < times; time++)
        {
            (Dictionary<(int, int, int), double> rates, long bytes) = RunPeer(report, peer, device.Threads);
            peers.Add(rates);
            peerBytes = Math.Max(peerBytes, bytes);
            rounds.Add(Round(device, shapes, seconds));
        }

        if (peer != null)
        {
            report.Say($"peak memory of the process: ours {ownBytes / 1e6:F0} MB, peer {peerBytes / 1e6:F0} MB");
        }

        foreach ((int, int, int) shape in shapes)
        {
            double rate = Measure.Median(rounds.Select(r => r[shape].TokensPerSecond));
            Figure figure = rounds[0][shape];
            double[] theirRates = [.. peers.Where(p => p.ContainsKey(shape)).Select(p => p[shape])];
            double? theirs = theirRates.Length > 0 ? Measure.Median(theirRates) : null;
            report.Add(new BenchmarkRow(
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
                    ["peerProcessMB"] = peerBytes / 1e6,
                },
            });
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

    private static (Dictionary<(int, int, int), double> Rates, long Bytes) RunPeer(BenchmarkReport report, string command, int threads)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
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
