using Espalier.Text.Files;

namespace Espalier.Text.Labelled;

/// <summary>Reads a file of rows, whatever the format.</summary>
internal abstract class RowReader : IDisposable
{
    private readonly TextDefects _defects = new();

    protected RowReader(string path)
    {
        Path = path;
        Lines = new LineReader(path, _defects);
    }

    public string Path { get; }

    /// <summary>The names of the columns; numbers from 1 where the file has no header.</summary>
    public IReadOnlyList<string> Columns { get; protected set; } = [];

    /// <summary>The line where the current row begins.</summary>
    public long Line { get; protected set; }

    public IReadOnlyList<Warning> Warnings => _defects.Warnings;

    public double FractionRead(long fileBytes) => (double)Lines.BytesConsumed / Math.Max(1, fileBytes);

    protected LineReader Lines { get; }

    /// <summary>Goes to the next row.</summary>
    public abstract bool Next();

    /// <summary>A field of the current row.</summary>
    public abstract string Field(int column);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    public static RowReader Open(string path, TableFormat format, bool hasHeader) => Resolve(path, format) switch
    {
        TableFormat.Csv => new QuotedRowReader(path, ',', hasHeader),
        TableFormat.QuotedTsv => new QuotedRowReader(path, '\t', hasHeader),
        TableFormat.Tsv => new TsvRowReader(path, hasHeader),
        _ => new JsonRowReader(path),
    };

    protected virtual void Dispose(bool disposing) => Lines.Dispose();

    protected TextException Fault(string problem, Exception? inner = null) => new(problem, Path, Line, inner);

    /// <summary>The next line whole, or null at the end.</summary>
    protected string? NextLine()
    {
        if (!Lines.NextLine(out bool whole))
            return null;
        Line = Lines.Line;
        if (!whole)
            throw Fault($"the line is longer than {LineReader.LongestSegment:N0} bytes, too long for a row; was a line end lost?");
        return System.Text.Encoding.UTF8.GetString(Lines.Segment);
    }

    /// <summary>Checks that a row has as many fields as there are columns.</summary>
    protected void CheckFieldCount(int fields)
    {
        if (fields != Columns.Count)
            throw Fault($"the row has {fields} field{(fields == 1 ? "" : "s")}, {Columns.Count} were expected ({string.Join(", ", Columns)})");
    }

    private static TableFormat Resolve(string path, TableFormat format) => format != TableFormat.Auto ? format : LabelledSet.FormatOf(path)
        ?? throw new TextException("its name does not tell the format; name it .csv, .tsv or .jsonl (also with .gz), or give the format", path);
}
