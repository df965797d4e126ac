using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Training.Runs;

/// <summary>A file of results that is written anew for each of them: one JSON object a line.</summary>
public static class JsonLines
{
    /// <summary>Reads it; a last line without its end, as a copy that was cut short has it, is as if it were not there.</summary>
    /// <param name="path">The file; one that is not there holds nothing.</param>
    /// <param name="type">How a line is read.</param>
    /// <param name="what">What a line is, for messages, such as <c>trial's result</c>.</param>
    /// <param name="advice">What to do where one is not; null where nobody knows.</param>
    /// <exception cref="RunDamagedException">Another line is nothing of the kind.</exception>
    public static IReadOnlyList<T> Read<T>(string path, JsonTypeInfo<T> type, string what, string? advice = null)
    {
        List<T> results = [];
        string[] lines = File.Exists(path) ? File.ReadAllText(path).Split('\n') : [];
        for (int i = 0; i + 1 < lines.Length; i++)
        {
            try
            {
                results.Add(JsonSerializer.Deserialize(lines[i], type) ?? throw new JsonException("it is null"));
            }
            catch (JsonException e)
            {
                throw new RunDamagedException(path, $"line {i + 1} is no {what}: {e.Message}{(advice == null ? "" : $"; {advice}")}", e);
            }
        }

        return results;
    }

    /// <summary>What <see cref="Read"/> reads.</summary>
    public static byte[] Of<T>(IEnumerable<T> results, JsonTypeInfo<T> type)
    {
        using var content = new MemoryStream();
        foreach (T result in results)
        {
            JsonSerializer.Serialize(content, result, type);
            content.WriteByte((byte)'\n');
        }

        return content.ToArray();
    }
}
