namespace Espalier.Text.Files;

/// <summary>What some editors write at the beginning of a text to tell its encoding.</summary>
internal static class ByteOrderMark
{
    /// <summary>Bytes of the longest mark.</summary>
    public const int Longest = 3;

    /// <summary>How many bytes of <paramref name="head"/>, the beginning of a text, are UTF-8's mark: none or three.</summary>
    /// <exception cref="TextException">It is the mark of UTF-16.</exception>
    public static int Length(ReadOnlySpan<byte> head, string file) => head switch
    {
        [0xEF, 0xBB, 0xBF, ..] => 3,
        [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] =>
            throw new TextException("is UTF-16, UTF-8 was expected; convert it, for example with iconv -f UTF-16 -t UTF-8", file, 1),
        _ => 0,
    };
}
