namespace Espalier.Text.Labelled;

/// <summary>How the rows of a file are written.</summary>
public enum TableFormat
{
    /// <summary>Told by the file's name: <c>.csv</c>, <c>.tsv</c>, <c>.jsonl</c>, each also with <c>.gz</c>.</summary>
    Auto,

    /// <summary>Comma-separated with quotes, RFC 4180.</summary>
    Csv,

    /// <summary>Tab-separated as GLUE has it: a quote is a character like any other.</summary>
    Tsv,

    /// <summary>Tab-separated with quotes as in CSV.</summary>
    QuotedTsv,

    /// <summary>One JSON object a line.</summary>
    JsonLines,
}
