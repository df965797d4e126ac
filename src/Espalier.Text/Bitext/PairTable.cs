using System.Globalization;
using System.Text;
using Espalier.Text.Files;

namespace Espalier.Text.Bitext;

/// <summary>Pairs from two columns of one tab-separated file, unquoted.</summary>
internal sealed class PairTable : IPairSource
{
    private readonly TextDefects _defects = new();
    private readonly LineReader _lines;
    private readonly int _sourceColumn, _targetColumn;
    private Range _source, _target;

    public PairTable(ParallelSetOptions options)
    {
        _lines = new LineReader(options.Source, _defects);
        try
        {
            string[]? header = null;
            if (options.HasHeader)
            {
                if (!_lines.NextLine(out _))
                    throw new TextException("is empty", options.Source);
                header = Encoding.UTF8.GetString(_lines.Segment).Split('\t');
            }
            _sourceColumn = Find(options.SourceColumn, header);
            _targetColumn = Find(options.TargetColumn, header);
        }
        catch
        {
            _lines.Dispose();
            throw;
        }
    }

    public string Path => _lines.Path;

    public long Line => _lines.Line;

    public bool IsWhole { get; private set; }

    public ReadOnlySpan<byte> Source => _lines.Segment[_source];

    public ReadOnlySpan<byte> Target => _lines.Segment[_target];

    public IReadOnlyList<Warning> Warnings => _defects.Warnings;

    public long BytesConsumed => _lines.BytesConsumed;

    public bool Next()
    {
        if (!_lines.NextLine(out bool whole))
            return false;
        IsWhole = whole;
        if (!whole)
            return true;
        int column = 0;
        foreach (Range field in _lines.Segment.Split((byte)'\t'))
        {
            if (column == _sourceColumn)
                _source = field;
            if (column == _targetColumn)
                _target = field;
            column++;
        }
        int needed = Math.Max(_sourceColumn, _targetColumn) + 1;
        return column >= needed ? true
            : throw new TextException($"the row has {column} field{(column == 1 ? "" : "s")}, at least {needed} were expected, separated by tabs", Path, Line);
    }

    public void Dispose() => _lines.Dispose();

    private int Find(string column, string[]? header)
    {
        if (header is not null)
        {
            int index = Array.IndexOf(header, column);
            return index >= 0 ? index : throw new TextException($"has no column \"{column}\"; its columns are {string.Join(", ", header)}", Path, 1);
        }
        return int.TryParse(column, CultureInfo.InvariantCulture, out int number) && number >= 1 ? number - 1
            : throw new TextException($"has no header, so column \"{column}\" must be a number from 1; or say that it has a header", Path, 1);
    }
}
