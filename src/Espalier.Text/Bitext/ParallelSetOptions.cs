namespace Espalier.Text.Bitext;

/// <summary>Where a parallel set stands and which pairs of it are left out.</summary>
public sealed record ParallelSetOptions
{
    /// <summary>The source side; or both sides, tab-separated, when there is no <see cref="Target"/>.</summary>
    public required string Source { get; init; }

    /// <summary>The target side, line by line with the source; null when both stand in one file.</summary>
    public string? Target { get; init; }

    /// <summary>In one file, the source's column: a name, or a number from 1 when there is no header.</summary>
    public string SourceColumn { get; init; } = "1";

    /// <summary>In one file, the target's column: a name, or a number from 1 when there is no header.</summary>
    public string TargetColumn { get; init; } = "2";

    /// <summary>In one file, whether the first line names the columns.</summary>
    public bool HasHeader { get; init; }

    /// <summary>A pair with more words on either side is left out; training goes by tokens instead.</summary>
    public int MaxWords { get; init; } = int.MaxValue;

    /// <summary>
    /// A pair is left out when one side has more than this many times the characters of the other, white space not counted. 9 is
    /// Moses' default, which counts words: those of languages that write no spaces would all be one.
    /// </summary>
    public double MaxRatio { get; init; } = 9;

    /// <summary>Every fault of these options, in words; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        var faults = new List<string>();
        if (MaxWords < 1)
            faults.Add($"most words {MaxWords} must be at least 1");
        if (MaxRatio is not >= 1)
            faults.Add($"highest ratio {MaxRatio} must be at least 1");
        return faults;
    }
}
