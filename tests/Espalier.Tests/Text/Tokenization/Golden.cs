using System.Runtime.CompilerServices;
using System.Text.Json;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Tokenization;

/// <summary>A small tokenizer and the ids that Hugging Face's library gives with it; made by <c>tests/interop/golden.mjs</c>.</summary>
internal static class Golden
{
    public static string File { get; } = Path.Join(Folder(), "Golden", "tokenizer.json");

    public static Tokenizer Tokenizer { get; } = Tokenizer.Load(File);

    public static IEnumerable<(string Text, int[] Ids)> Cases()
    {
        using JsonDocument cases = JsonDocument.Parse(System.IO.File.ReadAllBytes(Path.Join(Folder(), "Golden", "ids.json")));
        foreach (JsonElement one in cases.RootElement.EnumerateArray())
            yield return (one.GetProperty("text").GetString()!, [.. one.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())]);
    }

    private static string Folder([CallerFilePath] string source = "") => Path.GetDirectoryName(source)!;
}
