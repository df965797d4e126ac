using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Inference;
using Espalier.Tests.Training.Translation;

namespace Espalier.Tests.Cli.Commands;

public class TranslationCommandTests
{
    [Fact]
    public async Task Run_TrainTranslateScoreQuantizeAndList_GoTogether()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        string run = folder["runs/one"];
        JsonElement report = JsonDocument.Parse(await Done("", "translation", "train", "--train-source", folder["train.a"], folder["train.a"],
            "--train-target", folder["train.b"], folder["train.b"], "--dev-source", folder["dev.a"], "--dev-target", folder["dev.b"],
            "--vocab", "290", "--layers", "1", "--hidden", "16", "--batch", "200", "--steps", "6", "--evaluate-every", "3", "--threads", "1",
            "--out", run, "--json")).RootElement;
        Assert.Equal(6, report.GetProperty("steps").GetInt64());
        Assert.True(report.GetProperty("best").GetProperty("loss").GetDouble() > 0);
        await Done("", "translation", "train", "--resume", run, "--steps", "+2");

        string source = await File.ReadAllTextAsync(folder["dev.a"]) + "\nlast";
        string translated = await Done(source, "translation", "translate", "--model", run, "--beam", "2", "--batch", "1", "--threads", "1");
        Assert.Equal(source.Split('\n').Length, translated.Split('\n').Length - 1);
        Assert.Equal("", translated.Split('\n')[12]);
        using (Translator translator = Translator.Open(folder["runs/one/model"], new() { Beam = 2, BatchSentences = 1 }, threads: 1))
            Assert.Equal(source.Split('\n').Select(line => translator.Translate(line)), translated.Split('\n').SkipLast(1));

        string same = folder.Write("same", await File.ReadAllTextAsync(folder["dev.b"]));
        string other = folder.Write("other", (await File.ReadAllTextAsync(folder["dev.b"])).Replace("xone", "zone", StringComparison.Ordinal));
        string text = await Done("", "translation", "score", same, "--references", folder["dev.b"], "--baseline", other, "--resamples", "50");
        Assert.Contains("tok:13a", text);
        Assert.Contains("= 100.00", text);
        Assert.Contains("bs:50", text);
        Assert.Equal(6, text.Trim().Split('\n').Length);
        Assert.Contains(
            "short: has 1 lines and", (await Run("", "translation", "score", same, "--references", folder["dev.b"], "--baseline", folder.Write("short", "one\n"))).Error);
        string unequal = (await Run("", "translation", "train", "--train-source", folder["train.a"], "--train-target", folder["train.b"], "--dev-source", folder["dev.a"],
            "--dev-target", folder["short"], "--steps", "1", "--out", folder["never"])).Error;
        Assert.Contains("line n of one must translate line n of the other", unequal);
        Assert.False(Directory.Exists(folder["never"]));

        await Done("", "quantize", run, "--bits", "8", "--out", folder["package"]);
        await Done("one two", "translation", "translate", "--model", folder["package"], "--threads", "1");
        long whole = new FileInfo(folder["package/model.safetensors"]).Length + new FileInfo(folder["package/tokenizer.json"]).Length + new FileInfo(folder["package/config.json"]).Length;
        string smaller = await Done("", "quantize", run, "--max-size", $"{whole - 1}B", "--out", folder["smaller"], "--source", folder["dev.a"], "--references", folder["dev.b"]);
        Assert.Contains("BLEU", smaller);
        Assert.True(new FileInfo(folder["smaller/model.safetensors"]).Length < new FileInfo(folder["package/model.safetensors"]).Length);
        Assert.Contains("with 4 bits the package takes", (await Run("", "quantize", run, "--max-size", "1KB", "--out", folder["none"])).Error);
        Assert.False(Directory.Exists(folder["none"]));
        JsonElement measured = JsonDocument.Parse(await Done("", "evaluate", folder["package"], "--source", folder["dev.a"], "--references", folder["dev.b"],
            "--beam", "1", "--threads", "1", "--json")).RootElement.GetProperty("translation");
        Assert.Equal((12, JsonValueKind.Number), (measured.GetProperty("sentences").GetInt32(), measured.GetProperty("bleu").GetProperty("score").ValueKind));
        JsonElement listed = JsonDocument.Parse(await Done("", "runs", folder["runs"], "--json")).RootElement.GetProperty("runs")[0];
        Assert.Equal(("translation", "BLEU"), (listed.GetProperty("kind").GetString(), listed.GetProperty("metric").GetString()));
    }

    [Theory]
    [InlineData(2, "name the parallel set", "translation", "train", "--time", "1m")]
    [InlineData(2, "give --train-target, --dev-target too", "translation", "train", "--train-source", "a", "--dev-source", "d", "--out", "f", "--steps", "1")]
    [InlineData(1, "missing*.en", "translation", "train", "--train-source", "missing*.en", "--train-target", "b", "--dev-source", "d", "--dev-target", "e", "--out", "f", "--steps", "1")]
    [InlineData(2, "leave --layers out", "translation", "train", "--resume", "x", "--layers", "2")]
    [InlineData(2, "1 files of source sentences and 2 of translations", "translation", "train", "--train-source", "a", "--train-target", "b", "c", "--dev-source", "d", "--dev-target", "e", "--out", "f", "--steps", "1")]
    [InlineData(1, "there is no run here", "translation", "train", "--resume", "missing")]
    [InlineData(1, "is no model", "translation", "translate", "--model", "missing")]
    [InlineData(2, "--beam is 0; expected 1 to 256", "translation", "translate", "--model", "missing", "--beam", "0")]
    [InlineData(2, "--language is French; expected a code of two letters", "translation", "score", "a", "--references", "b", "--language", "French")]
    [InlineData(1, "missing", "translation", "score", "missing", "--references", "missing")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, string output, string error) = await Run("", args);
        Assert.Equal((code, ""), (actual, output));
        Assert.Contains(message, error);
        Assert.DoesNotContain("   at ", error);
    }

    private static async Task<string> Done(string input, params string[] args)
    {
        (int code, string output, string error) = await Run(input, args);
        Assert.True(code == 0, error);
        return output;
    }

    private static async Task<(int Code, string Output, string Error)> Run(string input, params string[] args)
    {
        using var source = new MemoryStream(Encoding.UTF8.GetBytes(input));
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(source, output, error)).RunAsync(args);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
