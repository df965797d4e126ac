using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Labelled;

namespace Espalier.Cli.Commands;

/// <summary>The options that say where the texts and labels of a labelled set stand.</summary>
internal sealed class ColumnOptions
{
    private readonly Option<TableFormat> _format = new("--format") { Description = "How rows are written, where the name does not tell" };
    private readonly Option<bool> _noHeader = new("--no-header") { Description = "The first row is data; columns are numbered from 1" };
    private readonly Option<string[]> _textColumn = new("--text-column") { Description = "Column of a text; give it twice for pairs" };
    private readonly Option<string> _labelColumn = new("--label-column") { Description = "Column of the label" };

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
