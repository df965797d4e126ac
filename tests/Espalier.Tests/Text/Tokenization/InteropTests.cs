using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Espalier.Tests.Text.Tokenization;

public class InteropTests
{
    [PeerFact]
    public void Compare_SmallText_FindsNoDifference()
    {
        using var folder = new TemporaryFolder();
        string text = folder.Write("text", string.Join('\n', Golden.Cases().Select(one => one.Text)));
        string tool = $"dotnet {Path.Join(AppContext.BaseDirectory, "espalier.dll")}";
        var start = new ProcessStartInfo("node") { WorkingDirectory = PeerFactAttribute.Folder(), RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["compare.mjs", "--tool", tool, "--mixtures", "500", "--characters", "0x1000", "--vocab", "420", "--rounds", "4", text])
            start.ArgumentList.Add(argument);
        using Process node = Process.Start(start)!;
        Task<string> errors = node.StandardError.ReadToEndAsync();
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.True(node.ExitCode == 0, output + errors.Result);
        Assert.EndsWith("no differences", output.TrimEnd());
    }
}

/// <summary>A test that needs Node and the package that <c>tests/interop</c> installs; reported as skipped without them.</summary>
internal sealed class PeerFactAttribute : FactAttribute
{
    public PeerFactAttribute()
    {
        string[] folders = Environment.GetEnvironmentVariable("PATH")?.Split(Path.PathSeparator) ?? [];
        if (!folders.Any(folder => File.Exists(Path.Join(folder, OperatingSystem.IsWindows() ? "node.exe" : "node"))))
            Skip = "Node is not installed";
        else if (!Directory.Exists(Path.Join(Folder(), "node_modules", "tokenizers")))
            Skip = "the peer is not installed; run: npm ci --ignore-scripts --prefix tests/interop";
    }

    public static string Folder([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Join(Path.GetDirectoryName(source), "../../../interop"));
}
