using System.Diagnostics;
using System.Runtime.InteropServices;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>The table of kernels as it runs on lesser processors: the runtime reads these switches once, at its start.</summary>
public class KernelChildProcessTests
{
    [Theory]
    [InlineData("DOTNET_EnableAVX512", InstructionSet.Vector256)]
    [InlineData("DOTNET_EnableAVX2", InstructionSet.Vector128)]
    [InlineData("DOTNET_EnableHWIntrinsic", InstructionSet.Reference)]
    public async Task FastKernels_FeatureSwitchedOff_AgreeWithReference(string feature, InstructionSet limit)
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host))
        {
            ArgumentList = { "exec", typeof(KernelChildProcessTests).Assembly.Location },
            Environment = { [feature] = "0" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        Assert.True(child.ExitCode == 0, $"{output}\n{await errors}");

        InstructionSet expected = limit < InstructionSets.Widest ? limit : InstructionSets.Widest;
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.Contains($"widest {expected}", lines);
        Assert.Contains($"cases {KernelChildProcess.Cases.Count()}", lines);
        Assert.Contains($"kernels {typeof(IKernels).GetMethods().Length}", lines);
    }
}
