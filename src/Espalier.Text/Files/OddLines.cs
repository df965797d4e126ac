using System.Text.Unicode;

namespace Espalier.Text.Files;

/// <summary>How many lines have something odd about them, and which is the first.</summary>
internal readonly record struct OddLines(long Count, long First)
{
    public OddLines Then(OddLines next) => new(Count + next.Count, Count > 0 ? First : next.First);

    /// <summary>One sentence that names file and line, or null when there are none.</summary>
    public string? Describe(string file, string what) => Count switch
    {
        0 => null,
        1 => $"{file}:{First}: {what}",
        _ => $"{file}:{First}: {what} (the first of {Count} such lines)",
    };
}

/// <summary>The odd lines of a text: those that are not UTF-8, and those with a NUL byte.</summary>
internal readonly record struct TextOddities(OddLines NotUtf8, OddLines WithNul)
{
    public TextOddities Then(TextOddities next) => new(NotUtf8.Then(next.NotUtf8), WithNul.Then(next.WithNul));

    /// <summary>Whether <paramref name="text"/> may hold odd lines: a quick look at the whole.</summary>
    public static bool In(ReadOnlySpan<byte> text) => !Utf8.IsValid(text) || text.Contains((byte)0);

    /// <summary>What is odd about one line.</summary>
    public static TextOddities OfLine(ReadOnlySpan<byte> line, long number) => new(
        Utf8.IsValid(line) ? default : new OddLines(1, number), line.Contains((byte)0) ? new OddLines(1, number) : default);

    /// <summary>A sentence for each kind that was met.</summary>
    public IEnumerable<string> Describe(string file)
    {
        if (NotUtf8.Describe(file, "this is not UTF-8; the bytes were taken as they are") is { } notUtf8)
            yield return notUtf8;
        if (WithNul.Describe(file, "a NUL byte; is this a text file in UTF-8?") is { } withNul)
            yield return withNul;
    }
}
