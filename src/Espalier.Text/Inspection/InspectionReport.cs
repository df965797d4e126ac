using Espalier.Text.Files;

namespace Espalier.Text.Inspection;

/// <summary>What a look at a data set found.</summary>
public sealed record InspectionReport
{
    /// <summary>What was looked at: file names.</summary>
    public required string Name { get; init; }

    /// <summary>What it is: <c>corpus</c>, <c>prepared corpus</c>, <c>labelled set</c> or <c>parallel set</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>How it is laid out: columns, or what separates documents.</summary>
    public required string Layout { get; init; }

    /// <summary>Documents, examples or pairs, in all.</summary>
    public required long Count { get; init; }

    /// <summary>Lengths of each text.</summary>
    public required IReadOnlyList<LengthSummary> Lengths { get; init; }

    /// <summary>Examples of each label, in the order of the label vocabulary; null where there are none.</summary>
    public IReadOnlyList<LabelCount>? Labels { get; init; }

    /// <summary>What would be lost at a maximal length; null where it cannot be told or nothing ever is.</summary>
    public Truncation? Truncation { get; init; }

    /// <summary>A few, drawn at random.</summary>
    public required IReadOnlyList<Sample> Samples { get; init; }

    /// <summary>What was left out and what was odd.</summary>
    public required IReadOnlyList<Warning> Warnings { get; init; }
}

/// <summary>Examples of one label.</summary>
/// <param name="Label">Its name.</param>
/// <param name="Count">How many.</param>
/// <param name="Share">Of all, from 0 to 1.</param>
public sealed record LabelCount(string Label, long Count, double Share);

/// <summary>What a maximal length costs.</summary>
/// <param name="MaxLength">Most tokens of a sequence, special tokens included.</param>
/// <param name="Count">Sequences that are longer.</param>
/// <param name="Share">Of all, from 0 to 1.</param>
/// <param name="Consequence">What happens to them.</param>
public sealed record Truncation(int MaxLength, long Count, double Share, string Consequence);

/// <summary>One drawn document, example or pair.</summary>
/// <param name="Index">Its number, from 0.</param>
/// <param name="Text">What a model would read, encoded and decoded again where a tokenizer is given, shortened for display.</param>
/// <param name="Label">Its label or its translation, or null.</param>
public sealed record Sample(long Index, string Text, string? Label);

/// <summary>How long texts are.</summary>
/// <param name="Of">Which text.</param>
/// <param name="Unit"><c>tokens</c>, or <c>words</c> where no tokenizer is given.</param>
/// <param name="Total">All together.</param>
/// <param name="Mean">Average.</param>
/// <param name="Min">Shortest.</param>
/// <param name="P50">Median: the smallest length that at least half of the texts do not exceed.</param>
/// <param name="P90">The same for 90 %.</param>
/// <param name="P99">The same for 99 %.</param>
/// <param name="Max">Longest.</param>
public sealed record LengthSummary(string Of, string Unit, long Total, double Mean, long Min, long P50, long P90, long P99, long Max);
