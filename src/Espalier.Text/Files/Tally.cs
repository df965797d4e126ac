namespace Espalier.Text.Files;

/// <summary>Something odd that was met and counted rather than refused, with the first place where it was met.</summary>
/// <param name="What">What it is, in words that follow a number.</param>
/// <param name="Count">How often.</param>
/// <param name="File">The file of the first.</param>
/// <param name="Line">The line of the first, counted from 1.</param>
public sealed record Warning(string What, long Count, string File, long Line)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Count:N0} {What}, the first at {File}:{Line}";
}

/// <summary>Counts one kind of oddity and remembers the first.</summary>
/// <param name="what">What it is, in words that follow a number.</param>
public sealed class Tally(string what)
{
    private string _file = "";
    private long _line;

    /// <summary>How often it was met.</summary>
    public long Count { get; private set; }

    /// <summary>Counts it.</summary>
    public void Add(string file, long line, long times = 1)
    {
        if (Count == 0)
            (_file, _line) = (file, line);
        Count += times;
    }

    internal void Add(Tally later)
    {
        if (later.Count > 0)
            Add(later._file, later._line, later.Count);
    }

    /// <summary>The tallies that counted anything, as warnings.</summary>
    public static IReadOnlyList<Warning> Warnings(params IEnumerable<Tally> tallies) =>
        [.. tallies.Where(tally => tally.Count > 0).Select(tally => tally.ToWarning())];

    private Warning ToWarning() => new(what, Count, _file, _line);
}
