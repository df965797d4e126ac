using System.Diagnostics;
using System.Runtime.CompilerServices;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Documentation;

/// <summary>What the README and the guide show is so: the example is compiled and run here, the commands are run as they stand.</summary>
public class ReadmeTests
{
    private static string Root { get; } = FindRoot();

    private static readonly string[] Documents = ["README.md", "docs/guide.md"];

    // A block of commands that belong together; ./test is what runs this.
    public static TheoryData<string> Commands()
    {
        var blocks = new TheoryData<string>();
        string? block = null;
        foreach (string line in Documents.SelectMany(d => File.ReadLines(Path.Combine(Root, d))))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                if (block is { Length: > 0 })
                    blocks.Add(block);
                block = line == "```sh" ? "" : null;
            }
            else if (block is not null && line.Length > 0 && line != "./test")
                block += line + '\n';
        }
        return blocks;
    }

    [Fact]
    public void Example_InGuide_IsTheOneThatRunsHere()
    {
        string[] source = File.ReadAllLines(Path.Combine(Path.GetDirectoryName(ThisFile())!, "ReadmeExample.cs"));
        string[] shown = [.. source
            .SkipWhile(l => l.Trim() != "// begin guide").Skip(1).TakeWhile(l => l.Trim() != "// end guide")
            .Select(l => l.Length >= 8 ? l[8..] : l)
            .Where(l => !l.Contains("losses", StringComparison.Ordinal))];
        Assert.NotEmpty(shown);
        string guide = File.ReadAllText(Path.Combine(Root, "docs/guide.md"));
        Assert.Contains(string.Join('\n', shown).TrimEnd(), guide, StringComparison.Ordinal);
    }

    [Fact]
    public void Example_Run_Learns()
    {
        List<float> losses = ReadmeExample.Losses();
        // ln 500 = 6.2, and more or less for the few tokens that are predicted.
        Assert.InRange(losses[0], 5f, 8.5f);
        Assert.True(losses[^1] < 0.5f * losses[0], $"loss went from {losses[0]} to {losses[^1]}");
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Commands_InDocuments_Succeed(string commands)
    {
        using var folder = new TemporaryFolder();
        // The solution is built already, with the configuration that these tests run in; a reader's folder is left alone. Of the main
        // job everything is run but its five minutes, and what stands for many commands starts the tool that is there.
        string script = commands
            .Replace("dotnet run -c Release --project src/Espalier.Cli -- \"$@\"", $"dotnet exec '{typeof(Application).Assembly.Location}' \"$@\"", StringComparison.Ordinal)
            .Replace("dotnet run -c Release", "dotnet run --no-build -c Release", StringComparison.Ordinal)
            .Replace("--time 5m", "--time 10s", StringComparison.Ordinal)
            .Replace("artifacts/", folder.Path + '/', StringComparison.Ordinal);
        var start = new ProcessStartInfo("bash") { WorkingDirectory = Root, RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("-ec");
        start.ArgumentList.Add(script);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{script} ended with {process.ExitCode}:\n{output}\n{await errors}");
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
