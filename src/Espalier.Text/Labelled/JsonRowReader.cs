using System.Text.Json;

namespace Espalier.Text.Labelled;

/// <summary>Reads one JSON object a line. The keys of the first are the columns.</summary>
internal sealed class JsonRowReader : RowReader
{
    private readonly Dictionary<string, string?> _fields = new(StringComparer.Ordinal);
    private bool _pending = true;

    public JsonRowReader(string path) : base(path)
    {
        try
        {
            if (!ReadRow())
                throw new TextException("is empty", path);
            Columns = [.. _fields.Keys];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override bool Next()
    {
        if (!_pending)
            return ReadRow();
        _pending = false;
        return true;
    }

    public override string Field(int column) => _fields.TryGetValue(Columns[column], out string? value)
        ? value ?? throw Fault($"\"{Columns[column]}\" is neither text, a number, true nor false")
        : throw Fault($"the object has no \"{Columns[column]}\"; it has {string.Join(", ", _fields.Keys)}");

    private bool ReadRow()
    {
        string? line;
        do
            line = NextLine();
        while (line is not null && string.IsNullOrWhiteSpace(line));
        if (line is null)
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Fault($"a JSON object was expected, this is {Words(document.RootElement.ValueKind)}");
            _fields.Clear();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
                _fields[property.Name] = Text(property.Value);
            return true;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw Fault($"is not a JSON object: {fault.Message}", fault);
        }
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private static string Words(JsonValueKind kind) => kind == JsonValueKind.Array ? "a list" : "a single value";
}
