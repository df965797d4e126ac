using System.Text.Json;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.Commands;

public class RunCommandTests
{
    [Fact]
    public async Task Run_OnTheSample_MakesAPackageThatOtherCommandsRead()
    {
        using var folder = new TemporaryFolder();
        (int code, string text, string error) = await Run("run", "--time", "10s", "--max-size", "2MB", "--out", folder["job"], "--license", "cc0-1.0", "--json");
        Assert.True(code == 0, error);
        JsonElement result = JsonDocument.Parse(text).RootElement, outcome = result.GetProperty("outcome");
        string package = Path.Join(folder["job"], "package");
        Assert.InRange(Directory.EnumerateFiles(package).Sum(file => new FileInfo(file).Length), 1, 2_000_000);
        Assert.Equal(Directory.EnumerateFiles(package).Sum(file => new FileInfo(file).Length), outcome.GetProperty("bytes").GetInt64());
        Assert.StartsWith("---\nlicense: cc0-1.0\n", File.ReadAllText(Path.Join(package, "README.md")), StringComparison.Ordinal);
        Assert.Contains("<html", File.ReadAllText(Path.Join(folder["job"], "report.html")), StringComparison.Ordinal);

        (code, text, error) = await Run("evaluate", package, "--data", Path.Join(folder["job"], "sample", "acceptability.test.tsv"), "--json");
        Assert.True(code == 0, error);
        Assert.Equal(
            outcome.GetProperty("test").GetProperty("accuracy").GetDouble(),
            JsonDocument.Parse(text).RootElement.GetProperty("classification").GetProperty("accuracy").GetDouble());

        // A job that has ended says the same again, and does nothing.
        (code, string again, error) = await Run("run", "--resume", folder["job"], "--json");
        Assert.True(code == 0, error);
        Assert.Equal(outcome.GetRawText(), JsonDocument.Parse(again).RootElement.GetProperty("outcome").GetRawText());
    }

    [Theory]
    [InlineData(2, "--time", "--train", "x.tsv")]
    [InlineData(2, "--resume", "--finish")]
    [InlineData(2, "leave --seed out", "--resume", "job", "--seed", "5")]
    [InlineData(2, "--time +5m", "--resume", "job", "--time", "5m")]
    [InlineData(2, "leave it or --time out", "--resume", "job", "--time", "+5m", "--finish")]
    [InlineData(2, "leave the plus out", "--time", "+5m")]
    [InlineData(1, "x.tsv", "--train", "x.tsv", "--time", "5m")]
    [InlineData(2, "expected 10 s or more", "--time", "3s")]
    [InlineData(2, "--train cannot go with --train-source", "--train", "x.tsv", "--train-source", "a", "--train-target", "b", "--dev-source", "c", "--dev-target", "d", "--time", "5m")]
    [InlineData(2, "--corpus, --label-column cannot go with --dev-source", "--corpus", "x.txt", "--label-column", "l", "--dev-source", "c", "--time", "5m")]
    [InlineData(2, "give --dev-target too", "--train-source", "a", "--train-target", "b", "--dev-source", "c", "--time", "5m")]
    [InlineData(2, "c is given as sentences and as their translations", "--train-source", "a", "--train-target", "b", "--dev-source", "c", "--dev-target", "c", "--time", "5m")]
    [InlineData(2, "give --test-target too", "--train-source", "a", "--train-target", "b", "--dev-source", "c", "--dev-target", "d", "--test-source", "e", "--time", "5m")]
    [InlineData(2, "2 files of source sentences and 1 of translations", "--train-source", "a", "b", "--train-target", "b", "--dev-source", "c", "--dev-target", "d", "--time", "5m")]
    [InlineData(2, "--threads is 2000; expected 0 to 1024", "--threads", "2000")]
    [InlineData(1, "missing.en", "--train-source", "missing.en", "other.en", "--train-target", "b", "b", "--dev-source", "c", "--dev-target", "d", "--time", "5m")]
    [InlineData(1, "missing.en", "--train-source", "missing.en", "--train-target", "b", "--dev-source", "c", "--dev-target", "d", "--time", "5m")]
    [InlineData(1, "there is no job here", "--resume", "nowhere")]
    public async Task Run_WithWhatCannotBeMeant_SaysWhatWasExpected(int expected, string says, params string[] args)
    {
        (int code, _, string error) = await Run(["run", .. args]);
        Assert.Equal(expected, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
