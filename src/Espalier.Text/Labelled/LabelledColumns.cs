namespace Espalier.Text.Labelled;

/// <summary>Which columns of a file hold the texts and the label.</summary>
/// <param name="Layout">What was recognised: <c>GLUE MNLI</c>, <c>GLUE SST-2</c>, or null.</param>
/// <param name="First">The text, or the first of two.</param>
/// <param name="Second">The second text, or null.</param>
/// <param name="Label">The label.</param>
public sealed record LabelledColumns(string? Layout, string First, string? Second, string Label)
{
    private static readonly string[] Labels = ["gold_label", "label", "labels", "class", "category", "sentiment", "target"];
    private static readonly string[] Singles = ["sentence", "text", "review", "content", "comment"];
    private static readonly (string, string)[] Pairs =
    [
        ("sentence1", "sentence2"), ("premise", "hypothesis"), ("text1", "text2"), ("question1", "question2"), ("question", "sentence"),
    ];

    /// <summary>Finds the columns, by name where one is given, else by the names in common use.</summary>
    /// <exception cref="TextException">There is no such column.</exception>
    internal static LabelledColumns Find(IReadOnlyList<string> columns, LabelledSetOptions options, string file)
    {
        string label = options.LabelColumn is { } named
            ? Existing(columns, named, file)
            : Labels.Select(name => Match(columns, name)).FirstOrDefault(found => found is not null)
                ?? throw new UnlabelledException(Unclear("label", columns), file);
        (string first, string? second) = FindTexts(columns, options, file);
        string? layout = options.TextColumns != null ? null
            : first == "sentence1" && second != null && label == "gold_label" ? "GLUE MNLI"
            : columns is ["sentence", "label"] ? "GLUE SST-2" : null;
        return new(layout, first, second, label);
    }

    /// <summary>Finds the columns of the texts alone, as <see cref="Find"/> does.</summary>
    /// <exception cref="TextException">There is no such column.</exception>
    internal static (string First, string? Second) FindTexts(IReadOnlyList<string> columns, LabelledSetOptions options, string file)
    {
        if (options.TextColumns is { } texts)
            return (Existing(columns, texts[0], file), texts.Count > 1 ? Existing(columns, texts[1], file) : null);
        foreach ((string first, string second) in Pairs)
        {
            if (Match(columns, first) is { } one && Match(columns, second) is { } two)
                return (one, two);
        }
        string single = Singles.Select(name => Match(columns, name)).FirstOrDefault(found => found is not null)
            ?? throw new TextException(Unclear("text", columns), file, 1);
        return (single, null);
    }

    private static string? Match(IEnumerable<string> columns, string name) =>
        columns.FirstOrDefault(column => column.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string Existing(IReadOnlyList<string> columns, string name, string file) => columns.Contains(name) ? name
        : throw new TextException($"has no column \"{name}\"; its columns are {string.Join(", ", columns)}", file, 1);

    private static string Unclear(string what, IReadOnlyList<string> columns) =>
        $"which column holds the {what} is not clear from the names {string.Join(", ", columns)}; name it with --{what}-column";
}
