using System.Text.Json.Nodes;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text;

/// <summary>A small tokenizer with real merges, and text that it was trained on.</summary>
internal static class TestTokenizer
{
    public static IReadOnlyList<string> Lines { get; } = [.. Enumerable.Range(0, 200).Select(Line)];

    public static Tokenizer Instance { get; } =
        new BpeTrainer(new BpeTrainerOptions { VocabularySize = 400 }).TrainLines(Lines);

    /// <summary>The same, changed as another library might have written it.</summary>
    public static Tokenizer Changed(Action<JsonNode> change)
    {
        using var folder = new TemporaryFolder();
        Instance.Save(folder["tokenizer.json"]);
        JsonNode json = JsonNode.Parse(File.ReadAllText(folder["tokenizer.json"]))!;
        change(json);
        return Tokenizer.Load(folder.Write("tokenizer.json", json.ToJsonString()));
    }

    /// <summary>The same with one more special token, <c>&lt;extra&gt;</c>, and without tokens for the ids between.</summary>
    public static Tokenizer WithGap() => Changed(json => json["added_tokens"]!.AsArray().Add(
        new JsonObject { ["id"] = 4_000, ["content"] = "<extra>", ["normalized"] = false, ["special"] = true }));

    private static string Line(int i) => string.Join(' ', Enumerable.Range(0, 1 + i * 7 % 23).Select(j => Word(i + j * j)));

    private static string Word(int i) => (i % 5) switch
    {
        0 => "the",
        1 => "gardener's",
        2 => $"tree{i % 13}",
        3 => "espalier,",
        _ => "növekszik.",
    };
}
