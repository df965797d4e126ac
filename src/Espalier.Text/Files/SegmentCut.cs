using Espalier.Text.Tokenization;

namespace Espalier.Text.Files;

/// <summary>Finds where a text that is too long for one piece may be cut.</summary>
internal static class SegmentCut
{
    /// <summary>
    /// The last position in <paramref name="text"/>, above 0, at which to cut: before the space in front of a word,
    /// because no token of byte-level BPE spans such a place; in a text without one, between two characters; in what is
    /// not UTF-8, anywhere.
    /// </summary>
    public static int Before(ReadOnlySpan<byte> text)
    {
        if (PreTokenizer.SafeCut(text) is > 0 and int safe)
            return safe;
        int cut = text.Length - 1;
        while (cut > text.Length - 4 && cut > 1 && (text[cut] & 0xC0) == 0x80)
            cut--;
        return Math.Max(cut, 1);
    }
}
