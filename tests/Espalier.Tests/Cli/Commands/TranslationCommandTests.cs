using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;
using Espalier.Inference;
using Espalier.Tests.Training.Translation;
using Espalier.Training.Translation;

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
        Assert.Contains(": better than the baseline", text);
        Assert.Contains("tokenized BLEU|", text);
        Assert.Contains(": worse than the baseline", await Done("", "translation", "score", other, "--references", folder["dev.b"], "--baseline", same));
        (_, string piped, string warned) = await Run(await File.ReadAllTextAsync(folder["other"]), "translation", "score", "-", "--references", folder["dev.b"], "--baseline", other, "--language", "de");
        Assert.Contains(": the difference may be chance", piped);
        Assert.Contains("no rules for words of the language de", warned);
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
        string tooLarge = (await Run("", "quantize", run, "--max-size", "1KB", "--granularity", "Row", "--out", folder["none"])).Error;
        Assert.Contains("with 4 bits the package takes", tooLarge);
        Assert.DoesNotContain("--granularity Tensor", tooLarge);
        await Done("", "quantize", run, "--bits", "4", "--granularity", "Tensor", "--range", "LeastSquares", "--out", folder["tensor"]);
        long least = Directory.EnumerateFiles(folder["tensor"]).Sum(file => new FileInfo(file).Length);
        Assert.Contains("--granularity Tensor", (await Run("", "quantize", run, "--max-size", $"{least}B", "--granularity", "Row", "--out", folder["none"])).Error);
        Assert.False(Directory.Exists(folder["none"]));
        JsonElement measured = JsonDocument.Parse(await Done("", "evaluate", folder["package"], "--source", folder["dev.a"], "--references", folder["dev.b"],
            "--beam", "1", "--threads", "1", "--json")).RootElement.GetProperty("translation");
        Assert.Equal((12, JsonValueKind.Number), (measured.GetProperty("sentences").GetInt32(), measured.GetProperty("bleu").GetProperty("score").ValueKind));
        JsonElement listed = JsonDocument.Parse(await Done("", "runs", folder["runs"], "--json")).RootElement.GetProperty("runs")[0];
        Assert.Equal(("translation", "BLEU"), (listed.GetProperty("kind").GetString(), listed.GetProperty("metric").GetString()));
    }

    [Fact]
    public async Task Run_TranslateWhatIsNotASentenceALine_SaysWhichLinesLostWords()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        using (TranslationRun run = SmallTranslation.Create(folder, "run"))
            run.Train();
        string[] translate = ["translation", "translate", "--model", folder["run"], "--length-factor", "0", "--length-offset", "3", "--threads", "1"];
        string longer = string.Join(' ', Enumerable.Repeat("kkk", 12)), longest = string.Join(' ', Enumerable.Repeat("kkk", 900));
        (int code, string output, string error) = await Run($"one two\n{longest}\n{longer}\n", [.. translate, "--json"]);
        JsonElement said = JsonDocument.Parse(output).RootElement;
        Assert.Equal((0, 2L, 3L), (code, said.GetProperty("truncated")[0].GetInt64(), said.GetProperty("shortened")[0].GetInt64()));
        Assert.Equal(2, said.GetProperty("truncated").GetArrayLength() + said.GetProperty("shortened").GetArrayLength());
        Assert.Contains("line 2 has more than the ", error);
        Assert.Contains("line 3 has a translation of less than a third", error);
        Assert.DoesNotContain("a sentence a line", (await Run("one two\nsix red sun\n", translate)).Error);
    }

    [Fact]
    public async Task Run_TranslateGzip_IsRefused()
    {
        using var folder = new TemporaryFolder();
        SmallTranslation.Data(folder);
        using (TranslationRun run = SmallTranslation.Create(folder, "run"))
            run.Train();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write("one two\n"u8);
        packed.Position = 0;
        (int code, string output, string error) = await Run(packed, "translation", "translate", "--model", folder["run"], "--threads", "1");
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("standard input: is gzip", error);
    }

    [Theory]
    [InlineData(2, "name the pairs with", "translation", "train", "--time", "1m")]
    [InlineData(2, "give --train-target too", "translation", "train", "--train-source", "a", "--dev-source", "d", "--out", "f", "--steps", "1")]
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

    private static Task<(int Code, string Output, string Error)> Run(string input, params string[] args)
        => Run(new MemoryStream(Encoding.UTF8.GetBytes(input)), args);

    private static async Task<(int Code, string Output, string Error)> Run(Stream source, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        int code = await new Application(new Terminal(source, output, error)).RunAsync(args);
        return (code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }
}
