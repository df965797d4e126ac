using System.Diagnostics;
using System.Runtime.InteropServices;
using Espalier.Cli.CommandLine;
using Espalier.Tests.Training;
using Espalier.Training.Runs;

namespace Espalier.Tests.Cli.Commands;

/// <summary>The tool as a process of its own, which a signal tells to end.</summary>
public class InterruptionTests
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Pretrain_Signalled_SavesAndExits130(string signal)
    {
        if (OperatingSystem.IsWindows() || (signal == "INT" && IgnoresInterruption()))
        {
            return;
        }

        using var folder = new TemporaryFolder();
        string run = folder["run"];
        using Process tool = Start(
            "pretrain", "--data", SmallRun.Corpus(folder), "--out", run, "--layers", "1", "--hidden", "16", "--batch", "8", "--sequence-length", "16",
            "--micro-batch", "8", "--threads", "1", "--time", "1h");
        Task<string> errors = tool.StandardError.ReadToEndAsync(), output = tool.StandardOutput.ReadToEndAsync();
        string first = Path.Join(run, RunDirectory.CheckpointsName, "step-0");
        while (!Directory.Exists(first) && !tool.HasExited)
        {
            await Task.Delay(20);
        }

        using (Process kill = Process.Start("kill", ["-s", signal, $"{tool.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await tool.WaitForExitAsync();
        string error = await errors;
        Assert.True(tool.ExitCode == ExitCode.Interrupted, $"exit code {tool.ExitCode}: {error}");
        Assert.Contains("stopping: saving, wait", error);
        Assert.Contains($"saved; go on with: espalier pretrain --resume {run}", error);
        Assert.Contains("interrupted after", await output);
        Assert.True(File.Exists(Path.Join(run, RunDirectory.ModelName, ModelFolder.WeightsName)));
        Assert.Equal("interrupted", EventLog.Read(Path.Join(run, RunDirectory.EventsName))[^1].Event);
    }

    [Fact]
    public async Task Pretrain_SignalledWhileItMeasures_SaysThatThereIsNothingToResume()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new TemporaryFolder();
        string run = folder["run"];
        using Process tool = Start(
            "pretrain", "--data", SmallRun.Corpus(folder), "--out", run, "--layers", "2", "--hidden", "256", "--batch", "4096", "--sequence-length", "64",
            "--threads", "1", "--time", "1h");
        Task<string> output = tool.StandardOutput.ReadToEndAsync();
        List<string> errors = [];
        while (await tool.StandardError.ReadLineAsync() is { } line)
        {
            errors.Add(line);
            if (errors.Count == 1)
            {
                using Process kill = Process.Start("kill", ["-s", "TERM", $"{tool.Id}"]);
                await kill.WaitForExitAsync();
            }
        }

        await tool.WaitForExitAsync();
        string error = string.Join('\n', errors);
        Assert.True(tool.ExitCode == ExitCode.Interrupted, $"exit code {tool.ExitCode}: {error}");
        Assert.Equal("measuring micro-batch and step: about 25s, which --time does not count", errors[0]);
        Assert.Contains("stopping: wait", errors);
        Assert.Contains("the run had not begun: nothing was saved, and there is nothing to resume", errors);
        Assert.False(Directory.Exists(run));
        Assert.Equal("", await output);
    }

    // What a shell starts in the background ignores the key that interrupts, and so does all that it starts.
    private static bool IgnoresInterruption()
    {
        const string status = "/proc/self/status", ignored = "SigIgn:";
        string? line = File.Exists(status) ? File.ReadLines(status).FirstOrDefault(l => l.StartsWith(ignored, StringComparison.Ordinal)) : null;
        return line != null && (Convert.ToUInt64(line[ignored.Length..].Trim(), 16) & 2) != 0;
    }

    private static Process Start(params string[] arguments)
    {
        string host = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return Process.Start(new ProcessStartInfo(host, ["exec", typeof(Application).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
