namespace Espalier.Text.Labelled;

/// <summary>Reads tab-separated rows without quoting.</summary>
internal sealed class TsvRowReader : RowReader
{
    private string[] _fields;
    private bool _pending;

    public TsvRowReader(string path, bool hasHeader) : base(path)
    {
        try
        {
            _fields = (NextLine() ?? throw new TextException("is empty", path)).Split('\t');
            Columns = hasHeader ? _fields : [.. Enumerable.Range(1, _fields.Length).Select(column => $"{column}")];
            _pending = !hasHeader;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override bool Next()
    {
        if (_pending)
        {
            _pending = false;
            return true;
        }
        string? line;
        do
            line = NextLine();
        while (line is ""); // a blank last line is common and says nothing
        if (line is null)
            return false;
        _fields = line.Split('\t');
        CheckFieldCount(_fields.Length);
        return true;
    }

    public override string Field(int column) => _fields[column];
}
