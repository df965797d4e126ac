using System.Text.Json;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.Commands;

public sealed class DataSampleCommandTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("espalier-sample-").FullName;

    public void Dispose() => Directory.Delete(_parent, recursive: true);

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    [Fact]
    public async Task Sample_Json_ListsTheFilesThatItWrote()
    {
        string folder = Path.Join(_parent, "sample");
        (int code, string output, _) = await RunAsync("data", "sample", "--out", folder, "--seed", "5", "--documents", "4", "--pairs", "10", "--json");
        Assert.Equal(ExitCode.Done, code);
        using JsonDocument report = JsonDocument.Parse(output);
        string[] names = [.. report.RootElement.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("name").GetString()!)];
        Assert.Equal(names.Order(), Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order());
    }

    [Fact]
    public async Task Sample_TooFewPairs_IsWrongUsage()
    {
        (int code, _, string error) = await RunAsync("data", "sample", "--out", Path.Join(_parent, "sample"), "--pairs", "3");
        Assert.Equal(ExitCode.WrongUsage, code);
        Assert.Contains("at least 10", error);
    }
}
