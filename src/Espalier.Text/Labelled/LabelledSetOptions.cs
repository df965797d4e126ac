namespace Espalier.Text.Labelled;

/// <summary>Where a labelled set's texts and labels stand. What is not said is found by the header.</summary>
public sealed record LabelledSetOptions
{
    /// <summary>How rows are written.</summary>
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>Whether the first row names the columns; else they are numbered from 1. JSON lines name their own.</summary>
    public bool HasHeader { get; init; } = true;

    /// <summary>One or two text columns; null to find them.</summary>
    public IReadOnlyList<string>? TextColumns { get; init; }

    /// <summary>The label column; null to find it.</summary>
    public string? LabelColumn { get; init; }

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate() => TextColumns is { Count: not (1 or 2) }
        ? [$"{TextColumns.Count} text columns were named, one or two were expected"]
        : [];
}
