using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Espalier.Tests.Documentation;

/// <summary>What the README shows is so: its example is compiled and run here, its commands are run as they stand.</summary>
public class ReadmeTests
{
    private static string Root { get; } = FindRoot();

    public static TheoryData<string> Commands()
    {
        var commands = new TheoryData<string>();
        bool inside = false;
        foreach (string line in File.ReadLines(Path.Combine(Root, "README.md")))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                inside = line == "```sh";
            }
            else if (inside && line.Length > 0 && line != "./test")
            {
                // ./test is what runs this; .ci/run calls it in a fresh clone.
                commands.Add(line);
            }
        }

        return commands;
    }

    [Fact]
    public void Example_InReadme_IsTheOneThatRunsHere()
    {
        string[] source = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(ThisFile())!, "ReadmeExample.cs"));
        string[] shown = [.. source
            .SkipWhile(l => l.Trim() != "// begin README").Skip(1).TakeWhile(l => l.Trim() != "// end README")
            .Select(l => l.Length >= 8 ? l[8..] : l)
            .Where(l => !l.Contains("losses", StringComparison.Ordinal))];
        Assert.NotEmpty(shown);
        string readme = File.ReadAllText(Path.Combine(Root, "README.md"));
        Assert.Contains(string.Join('\n', shown).TrimEnd(), readme, StringComparison.Ordinal);
    }

    [Fact]
    public void Example_Run_Learns()
    {
        List<float> losses = ReadmeExample.Losses();
        Assert.InRange(losses[0], 5.5f, 7.5f);
        Assert.True(losses[^1] < 0.5f * losses[0], $"loss went from {losses[0]} to {losses[^1]}");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Command_InReadme_Succeeds(string command)
    {
        // The solution is built already, with the configuration that these tests run in.
        string line = command.Replace("dotnet run -c Release", "dotnet run --no-build -c Release", StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash") { WorkingDirectory = Root, RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(line);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{line} ended with {process.ExitCode}:\n{output}\n{await errors}");
    }

    private static string FindRoot()
    {
        string? folder = Path.GetDirectoryName(ThisFile());
        while (folder != null && !File.Exists(Path.Combine(folder, "Espalier.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("Espalier.slnx stands nowhere above the tests' source");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
