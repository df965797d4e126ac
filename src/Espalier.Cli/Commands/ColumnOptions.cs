using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Labelled;

namespace Espalier.Cli.Commands;

/// <summary>The options that say where the texts and labels of a labelled set stand.</summary>
internal sealed class ColumnOptions
{
    private readonly Option<TableFormat> _format = new("--format") { Description = "Format of the tables, if the file name does not show it; QuotedTsv is TSV with quotes as in CSV" };
    private readonly Option<bool> _noHeader = new("--no-header") { Description = "The first row is data; name columns by number, from 1" };
    private readonly Option<string[]> _textColumn = new("--text-column") { Description = "Column of the text, if it is not found by its name; twice for pairs" };
    private readonly Option<string> _labelColumn = new("--label-column") { Description = "Column of the label, if it is not found by its name" };

    public IEnumerable<Option> All => [_format, _noHeader, _textColumn, _labelColumn];

    /// <summary>What was asked for.</summary>
    /// <exception cref="UsageException">It cannot be meant.</exception>
    public LabelledSetOptions Read(ParseResult parsed)
    {
        var columns = new LabelledSetOptions
        {
            Format = parsed.GetValue(_format),
            HasHeader = !parsed.GetValue(_noHeader),
            TextColumns = parsed.GetValue(_textColumn) is { Length: > 0 } texts ? texts : null,
            LabelColumn = parsed.GetValue(_labelColumn),
        };
        return columns.Validate() is { Count: > 0 } faults ? throw new UsageException(string.Join("; ", faults)) : columns;
    }
}
