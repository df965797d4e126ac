namespace Espalier.Text.Labelled;

/// <summary>Texts of a table, labelled or not, in the order of the file.</summary>
public static class TextTable
{
    /// <summary>Reads a file, plain or gzip, row by row.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Where the texts stand; the label's place is not asked for.</param>
    /// <returns>The text of a row, or the first of two, and the second or null.</returns>
    /// <exception cref="TextException">The file cannot be read, or has no column of texts.</exception>
    public static IEnumerable<(string First, string? Second)> Read(string path, LabelledSetOptions options)
    {
        using RowReader rows = RowReader.Open(path, options.Format, options.HasHeader);
        (string first, string? second) = LabelledColumns.FindTexts(rows.Columns, options, path);
        string[] columns = [.. rows.Columns];
        int one = Array.IndexOf(columns, first), two = second == null ? -1 : Array.IndexOf(columns, second);
        while (rows.Next())
            yield return (rows.Field(one), two < 0 ? null : rows.Field(two));
    }
}
