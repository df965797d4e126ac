using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>The table of kernels as it runs on lesser processors: the runtime reads these switches once, at its start.</summary>
public class KernelChildProcessTests
{
    // Without any vector hardware everything is some ten times slower, so the large cases are left to the other two.
    [Theory]
    [InlineData("DOTNET_EnableAVX512", InstructionSet.Vector256, long.MaxValue)]
    [InlineData("DOTNET_EnableAVX2", InstructionSet.Vector128, long.MaxValue)]
    [InlineData("DOTNET_EnableHWIntrinsic", InstructionSet.Reference, 500_000)]
    public async Task FastKernels_FeatureSwitchedOff_AgreeWithReference(string feature, InstructionSet limit, long work)
    {
        string host = Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        var start = new ProcessStartInfo(Path.GetFullPath(host))
        {
            ArgumentList = { "exec", typeof(KernelChildProcessTests).Assembly.Location, work.ToString(CultureInfo.InvariantCulture) },
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
        Assert.Contains($"cases {KernelTable.Cases.Count(test => test.Work <= work)}", lines);
        Assert.Contains($"kernels {typeof(IKernels).GetMethods().Length}", lines);
    }
}
