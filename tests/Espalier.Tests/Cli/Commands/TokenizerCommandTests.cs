using System.Text;
using System.Text.Json;
using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.Commands;

public class TokenizerCommandTests
{
    private const string Text = "The gardener trains the tree.\r\n\nthe tree, the wall, the tree\n";

    [Fact]
    public async Task Run_TrainEncodeDecode_GivesTheTextBack()
    {
        using var folder = new TemporaryFolder();
        byte[] text = [.. Encoding.UTF8.GetBytes(Text), 0xFF, 0, (byte)'\n'];
        string file = folder.Write("text", text);
        Assert.Equal(0, (await Run([], "tokenizer", "train", file, "--vocab", "280", "--out", folder["model"])).Code);
        (int code, byte[] ids, string error) = await Run([], "tokenizer", "encode", "--tokenizer", folder["model"], file);
        Assert.Equal(0, code);
        Assert.Contains($"1 byte sequences that are not UTF-8, the first at {file}:4", error);
        (code, byte[] decoded, _) = await Run(ids, "tokenizer", "decode", "--tokenizer", folder["model"]);
        Assert.Equal((0, Convert.ToHexString(text)), (code, Convert.ToHexString(decoded)));
    }

    [Fact]
    public async Task Run_WithJson_PrintsOneDocument()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("text", Text);
        using JsonDocument trained = JsonDocument.Parse((await Run([], "tokenizer", "train", file, "--vocab", "280", "--out", folder["model"], "--json")).Output);
        Assert.Equal(3, trained.RootElement.GetProperty("corpus").GetProperty("lines").GetInt64());
        byte[] encoded = (await Run(Encoding.UTF8.GetBytes("the\n\ntree"), "tokenizer", "encode", "--tokenizer", folder["model"], "--json")).Output;
        using JsonDocument ids = JsonDocument.Parse(encoded);
        Assert.Equal(3, ids.RootElement.GetProperty("lines").GetArrayLength());
        using JsonDocument texts = JsonDocument.Parse((await Run("4 5\n6"u8.ToArray(), "tokenizer", "decode", "--tokenizer", folder["model"], "--json")).Output);
        Assert.Equal("!\"", texts.RootElement.GetProperty("lines")[0].GetString());
    }

    [Theory]
    [InlineData(2, "did you mean --vocab?", "tokenizer", "train", "x", "--vocb", "300", "--out", "y")]
    [InlineData(2, "unknown option --nonsense", "tokenizer", "encode", "--nonsense", "--tokenizer", "y")]
    [InlineData(2, "--out", "tokenizer", "train", "x")]
    [InlineData(2, "too small", "tokenizer", "train", "x", "--vocab", "3", "--out", "y")]
    [InlineData(2, "nonsense", "tokenizer", "train", "x", "--vocab", "nonsense", "--out", "y")]
    [InlineData(2, "tokenzier", "tokenzier")]
    [InlineData(1, "no such file", "tokenizer", "train", "missing.txt", "--out", "y")]
    [InlineData(1, "matches no file", "tokenizer", "train", "*.missing", "--out", "y")]
    [InlineData(1, "no such file", "tokenizer", "encode", "--tokenizer", "missing.json")]
    public async Task Run_WrongRequest_SaysWhatAndEndsWithItsCode(int code, string message, params string[] args)
    {
        (int actual, byte[] output, string error) = await Run([], args);
        Assert.Equal((code, 0), (actual, output.Length));
        Assert.Contains(message, error);
        Assert.DoesNotContain("   at ", error);
        Assert.False(Directory.Exists("y"));
    }

    [Theory]
    [InlineData("4 x", "standard input:2: \"x\" is no id")]
    [InlineData("4 999999", "999999")]
    [InlineData("-1", "-1")]
    public async Task Run_DecodeOfWhatIsNoId_NamesTheLine(string line, string message)
    {
        byte[] input = Encoding.UTF8.GetBytes($"4\n{line}\n");
        (int code, _, string error) = await Run(input, "tokenizer", "decode", "--tokenizer", Espalier.Tests.Text.Tokenization.Golden.File);
        Assert.Equal(1, code);
        Assert.Contains(message, error);
    }

    [Fact]
    public async Task Run_DecodeOfAnIdBetweenTokens_NamesTheLine()
    {
        using var folder = new TemporaryFolder();
        Espalier.Tests.Text.TestTokenizer.WithGap().Save(folder["tokenizer.json"]);
        (int code, _, string error) = await Run("4\n4 3999\n"u8.ToArray(), "tokenizer", "decode", "--tokenizer", folder.Path);
        Assert.Equal(1, code);
        Assert.Contains("standard input:2: \"3999\" is no id", error);
    }

    [Fact]
    public async Task Run_VerboseFailure_ShowsTheStackTrace() =>
        Assert.Contains("   at ", (await Run([], "tokenizer", "train", "missing.txt", "--out", "y", "--verbose")).Error);

    private static async Task<(int Code, byte[] Output, string Error)> Run(byte[] input, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        using var source = new MemoryStream(input);
        int code = await new Application(new Terminal(source, output, error)).RunAsync(args);
        return (code, output.ToArray(), error.ToString());
    }
}
