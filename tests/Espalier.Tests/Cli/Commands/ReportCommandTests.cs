using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Reports;
using Espalier.Tests.Pipeline.Reports;

namespace Espalier.Tests.Cli.Commands;

public class ReportCommandTests
{
    [Fact]
    public async Task Report_OfARun_DrawsThePageAgain()
    {
        using var folder = new TemporaryFolder();
        ReportFile.Write(folder["run/report.json"], SampleReport.Whole());
        File.WriteAllText(folder["run/report.html"], "old");
        (int code, string text, string error) = await Run("report", folder["run"]);
        Assert.True(code == ExitCode.Done, error);
        Assert.Contains("report.html", text, StringComparison.Ordinal);
        Assert.EndsWith("</html>\n", File.ReadAllText(folder["run/report.html"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "there is no such file")]
    [InlineData("{", "is no report")]
    [InlineData("null", "is no report")]
    [InlineData("{\"format\":2,\"title\":\"a\",\"created\":\"2026-01-01T00:00:00Z\",\"version\":\"9\",\"state\":\"Finished\"}", "is a report of format 2")]
    [InlineData("{\"format\":1,\"title\":\"a\",\"created\":\"2026-01-01T00:00:00Z\",\"version\":\"9\",\"state\":\"Elsewhere\"}", "state")]
    public async Task Report_WithoutAReport_SaysWhatIsWrongAndLeavesThePageAlone(string? json, string expected)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["run"]);
        File.WriteAllText(folder["run/report.html"], "old");
        if (json != null)
        {
            File.WriteAllText(folder["run/report.json"], json);
        }

        (int code, _, string error) = await Run("report", folder["run"]);
        Assert.Equal(ExitCode.Failed, code);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.DoesNotContain("fault of espalier", error, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(folder["run/report.html"]));
    }

    internal static async Task<(int Code, string Text, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
