using CsvHelper;
using Espalier.Text.Files;

namespace Espalier.Text.Labelled;

/// <summary>Reads delimited rows with quotes (RFC 4180).</summary>
internal sealed class QuotedRowReader : RowReader
{
    private readonly CsvReader _csv;
    private bool _pending;

    public QuotedRowReader(string path, char separator, bool hasHeader) : base(path)
    {
        _csv = CsvReader.Create(new LineTextReader(Lines), CsvReaderOptions.Default with
        {
            Separator = separator,
            HasHeader = false, // read here, because a header too is to be checked
            MalformedData = CsvMalformedDataHandling.Throw,
            MaxRecordSize = LineReader.LongestSegment,
            TrackLineNumbers = true,
        });
        try
        {
            if (!ReadRow())
                throw new TextException("is empty", path);
            string[] first = [.. Enumerable.Range(0, _csv.FieldCount).Select(Field)];
            Columns = hasHeader ? first : [.. Enumerable.Range(1, first.Length).Select(column => $"{column}")];
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
        if (!ReadRow())
            return false;
        CheckFieldCount(_csv.FieldCount);
        return true;
    }

    public override string Field(int column) => _csv.GetString(column);

    protected override void Dispose(bool disposing)
    {
        _csv.Dispose();
        base.Dispose(disposing);
    }

    private bool ReadRow()
    {
        try
        {
            if (!_csv.Read())
                return false;
            Line = _csv.LineNumber;
            return true;
        }
        catch (CsvFormatException fault)
        {
            Line = fault.LineNumber > 0 ? fault.LineNumber : Line + 1;
            throw Fault($"the row that begins here is not valid CSV: {fault.Message}", fault);
        }
    }
}
