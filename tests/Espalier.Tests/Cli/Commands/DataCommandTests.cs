using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Tests.Text;

namespace Espalier.Tests.Cli.Commands;

public class DataCommandTests
{
    [Fact]
    public async Task Run_PrepareThenInspect_CountsTheSame()
    {
        using var folder = new TemporaryFolder();
        TestTokenizer.Instance.Save(folder["tokenizer.json"]);
        string[] files = [folder.Write("a.txt", string.Join('\n', TestTokenizer.Lines)), folder.Write("b.txt", "\0\n")];
        (int code, JsonDocument? prepared, string error) = await RunJson(
            "data", "prepare", folder["*.txt"], "--tokenizer", folder["tokenizer.json"], "--out", folder["out"], "--held-out", "0.1");
        Assert.Equal(0, code);
        Assert.Contains($"warning: 1 NUL bytes, the first at {files[1]}:1", error);
        JsonElement manifest = prepared!.RootElement.GetProperty("manifest");
        long train = manifest.GetProperty("train").GetProperty("documents").GetInt64(), heldOut = manifest.GetProperty("heldOut").GetProperty("documents").GetInt64();
        Assert.Equal(201, train + heldOut);

        (code, JsonDocument? inspected, _) = await RunJson("data", "inspect", folder["out"]);
        Assert.Equal(0, code);
        Assert.Equal([train, heldOut], inspected!.RootElement.GetProperty("dataSets").EnumerateArray().Select(set => set.GetProperty("count").GetInt64()));
    }

    [Fact]
    public async Task Run_InspectSeveralKinds_ReportsEach()
    {
        using var folder = new TemporaryFolder();
        folder.Write("train.tsv", "sentence\tlabel\na b\t1\nc\t0\n");
        folder.Write("test.tsv", "index\tsentence\n0\td\n"); // GLUE's test files have no labels
        folder.Write("x", "a b\nc\n");
        folder.Write("y", "d\ne f g\n");
        (int code, JsonDocument? json, string error) = await RunJson("data", "inspect", folder.Path, folder["x"], "--source", folder["x"], "--target", folder["y"]);
        Assert.Equal(0, code);
        Assert.Equal([("labelled set", 2), ("parallel set", 2), ("corpus", 2)], json!.RootElement.GetProperty("dataSets").EnumerateArray()
            .Select(set => (set.GetProperty("kind").GetString(), set.GetProperty("count").GetInt32())));
        Assert.Contains($"left out: {folder["test.tsv"]}:1: which column holds the label", error);
        (code, string text, _) = await Run("data", "inspect", folder["train.tsv"]);
        Assert.Equal(0, code);
        Assert.Contains("label     0: 1 (50.0 %)", text);
    }

    [Theory]
    [InlineData(2, "nothing to inspect", "data", "inspect")]
    [InlineData(2, "--source names 1 files, --target 2", "data", "inspect", "--source", "a", "--target", "b", "--target", "c")]
    [InlineData(2, "held-out fraction 2", "data", "prepare", "x", "--tokenizer", "t", "--out", "missing", "--held-out", "2")]
    [InlineData(2, "did you mean --fraction?", "data", "prepare", "x", "--tokenizer", "t", "--out", "missing", "--fractoin", "0.5")]
    [InlineData(2, "3 text columns were named", "data", "inspect", "x.tsv", "--text-column", "a", "--text-column", "b", "--text-column", "c")]
    [InlineData(1, "there is no such file", "data", "inspect", "missing.tsv")]
    [InlineData(1, "there is no such file", "data", "inspect", "missing.txt")]
    [InlineData(1, "missing", "data", "prepare", "x", "--tokenizer", "missing", "--out", "missing-out")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, string output, string error) = await Run(args);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(message, error);
        Assert.DoesNotContain("   at ", error);
        Assert.False(Directory.Exists("missing-out"));
    }

    private static async Task<(int Code, JsonDocument? Output, string Error)> RunJson(params string[] args)
    {
        (int code, string output, string error) = await Run([.. args, "--json"]);
        return (code, output.Length == 0 ? null : JsonDocument.Parse(output), error);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(Stream.Null, output, error)).RunAsync(args);
        return (code, System.Text.Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
