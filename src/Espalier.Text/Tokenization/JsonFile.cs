using System.Text.Json;
using Espalier.Text.Files;

namespace Espalier.Text.Tokenization;

/// <summary>Reads JSON files of tokenizers, with errors that name the file and what was expected.</summary>
internal static class JsonFile
{
    /// <summary>Hands the root of a JSON file to <paramref name="read"/>.</summary>
    public static T Read<T>(string file, Func<JsonElement, T> read)
    {
        using InputFile input = InputFile.Open(file);
        try
        {
            using JsonDocument document = JsonDocument.Parse(input);
            return read(document.RootElement);
        }
        catch (JsonException fault)
        {
            throw new TextException($"is not JSON: {fault.Message}", file, fault.LineNumber + 1, fault);
        }
        catch (InvalidOperationException fault)
        {
            // What the parser says of a string that is not Unicode, once that string is asked for.
            throw new TextException($"holds a string that is not Unicode: {fault.Message}", file, inner: fault);
        }
    }

    /// <summary>An object that maps tokens to ids.</summary>
    public static Dictionary<string, int> ReadVocabulary(JsonElement element, string file)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new TextException($"the vocabulary is {Show(element)}; expected an object of tokens and their ids", file);
        var tokens = new Dictionary<string, int>();
        foreach (JsonProperty entry in element.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id))
                throw new TextException($"the id of token \"{entry.Name}\" is {Show(entry.Value)}; expected a whole number", file);
            tokens[entry.Name] = id;
        }
        return tokens;
    }

    /// <summary>A member that is there and not null.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member)
            && member.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? member : null;

    /// <summary>A yes or no that has a default.</summary>
    public static bool Flag(this JsonElement element, string name, bool missing, string file) => element.Member(name) switch
    {
        null => missing,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        JsonElement other => throw new TextException($"{name} is {Show(other)}; expected true or false", file),
    };

    /// <summary>The start of an element's JSON, for messages.</summary>
    public static string Show(JsonElement element) => element.GetRawText() is { Length: > 60 } text ? $"{text[..60]}..." : element.GetRawText();
}
