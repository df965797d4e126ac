using System.Text.Json.Nodes;
using Espalier.Text;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Tokenization;

public class TokenizerFilesTests
{
    private const string Text = "The gardener trains the tree. <mask> Didn't she?";

    [Fact]
    public void Load_MergesAsPairs_GivesTheSameTokenizer()
    {
        using var folder = new TemporaryFolder();
        JsonNode root = Root();
        root["model"]!["merges"] = new JsonArray([.. root["model"]!["merges"]!.AsArray().Select(merge =>
            (JsonNode)new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(part => (JsonNode)part)]))]);
        Assert.Equal(Golden.Tokenizer.Fingerprint, Tokenizer.Load(folder.Write("tokenizer.json", root.ToJsonString())).Fingerprint);
    }

    [Fact]
    public void Load_VocabularyAndMergesPair_GivesTheSameTokenizer()
    {
        using var folder = new TemporaryFolder();
        WritePair(folder, "#version: 0.2", "\r\n");
        Assert.Equal(Golden.Tokenizer.Fingerprint, Tokenizer.Load(folder.Path).Fingerprint);
    }

    [Fact]
    public void Load_MergesFileWithABadLine_NamesTheLine()
    {
        using var folder = new TemporaryFolder();
        WritePair(folder, "#version: 0.2\nonlyone", "\n");
        var fault = Assert.Throws<TextException>(() => Tokenizer.Load(folder.Path));
        Assert.Equal((folder["merges.txt"], 2L), (fault.File, fault.Line));
    }

    [Theory]
    [InlineData("model.type", "\"WordPiece\"", "WordPiece")]
    [InlineData("model.merges.3", "\"a b c\"", "merge 4")]
    [InlineData("model.merges.3", "[\"a\", 1]", "merge 4")]
    [InlineData("model.merges.3", "\"t zzz\"", "zzz")]
    [InlineData("model.merges", "7", "merges")]
    [InlineData("model.vocab", "[]", "vocabulary")]
    [InlineData("model.vocab.Ġ", "\"x\"", "whole number")]
    [InlineData("model.vocab.Ġ", "-3", "-3")]
    [InlineData("model.vocab.Ġ", "2000000000", "2000000000")]
    [InlineData("model.vocab.Ġ", "5", "share id 5")]
    [InlineData("model.vocab.ĉ", null, "1 of the 256 bytes")]
    [InlineData("model.dropout", "0.1", "dropout")]
    [InlineData("model.byte_fallback", "true", "byte_fallback")]
    [InlineData("model.continuing_subword_prefix", "\"##\"", "##")]
    [InlineData("model", null, "model")]
    [InlineData("normalizer", "{\"type\":\"Lowercase\"}", "Lowercase")]
    [InlineData("pre_tokenizer", "{\"type\":\"Metaspace\"}", "Metaspace")]
    [InlineData("pre_tokenizer.use_regex", "false", "use_regex")]
    [InlineData("pre_tokenizer.add_prefix_space", "\"yes\"", "add_prefix_space")]
    [InlineData("decoder.type", "\"WordPiece\"", "decoder")]
    [InlineData("added_tokens.0.content", "\"<bos>\"", "<bos>")]
    [InlineData("added_tokens.0.content", "\"\"", "added token")]
    [InlineData("added_tokens.0.id", "1", "id")]
    [InlineData("added_tokens", "{}", "added_tokens")]
    [InlineData("post_processor.cls.1", "5", "post_processor.cls")]
    public void Load_NotByteLevelBpeOfRobertasKind_SaysWhat(string path, string? value, string message)
    {
        using var folder = new TemporaryFolder();
        JsonNode root = Root();
        string[] steps = path.Split('.');
        JsonNode parent = steps[..^1].Aggregate(root, (node, step) => int.TryParse(step, out int index) ? node[index]! : node[step]!);
        JsonNode? replacement = value is null ? null : JsonNode.Parse(value);
        if (int.TryParse(steps[^1], out int last))
            parent[last] = replacement;
        else if (value is null)
            parent.AsObject().Remove(steps[^1]);
        else
            parent[steps[^1]] = replacement;

        var fault = Assert.Throws<TextException>(() => Tokenizer.Load(folder.Write("tokenizer.json", root.ToJsonString())));
        Assert.Equal(folder["tokenizer.json"], fault.File);
        Assert.Contains(message, fault.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\n\"model\": {")]
    [InlineData("[1, 2]")]
    [InlineData("null")]
    [InlineData("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"\\ud800\":1},\"merges\":[]},\"pre_tokenizer\":{\"type\":\"ByteLevel\"}}")]
    public void Load_DamagedFile_SaysSo(string content)
    {
        using var folder = new TemporaryFolder();
        var fault = Assert.Throws<TextException>(() => Tokenizer.Load(folder.Write("tokenizer.json", content)));
        Assert.Equal(folder["tokenizer.json"], fault.File);
    }

    [Fact]
    public void Load_NothingThere_SaysWhatWasExpected()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("tokenizer.json", Assert.Throws<TextException>(() => Tokenizer.Load(folder.Path)).Message);
        Assert.Contains("no such file", Assert.Throws<TextException>(() => Tokenizer.Load(folder["missing.json"])).Message);
    }

    [Fact]
    public void Load_SettingsThatChangeIds_AreKeptBySave()
    {
        using var folder = new TemporaryFolder();
        JsonNode root = Root();
        root["pre_tokenizer"]!["add_prefix_space"] = true;
        root["model"]!["ignore_merges"] = true;
        root["added_tokens"]![4]!["lstrip"] = false;
        root["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id": 500, "content": "gardener", "normalized": true, "special": false}"""));
        Tokenizer loaded = Tokenizer.Load(folder.Write("tokenizer.json", root.ToJsonString()));
        loaded.Save(folder["again.json"]);
        Tokenizer again = Tokenizer.Load(folder["again.json"]);
        Assert.Equal(loaded.Fingerprint, again.Fingerprint);
        Assert.Equal(loaded.Encode(Text), again.Encode(Text));
        Assert.NotEqual(Golden.Tokenizer.Encode(Text), again.Encode(Text));
        Assert.Equal(501, again.VocabularySize);
        Assert.Contains(500, again.Encode(Text));
        Assert.StartsWith(" The gardener", again.Decode(again.Encode(Text)));
    }

    private static JsonNode Root() => JsonNode.Parse(File.ReadAllBytes(Golden.File))!;

    private static void WritePair(TemporaryFolder folder, string head, string lineEnd)
    {
        JsonNode model = Root()["model"]!;
        folder.Write("vocab.json", model["vocab"]!.ToJsonString());
        folder.Write("merges.txt", string.Join(lineEnd, [head, .. model["merges"]!.AsArray().Select(merge => merge!.GetValue<string>())]) + lineEnd);
    }
}
