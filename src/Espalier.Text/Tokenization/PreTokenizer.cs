using System.Buffers;
using System.Globalization;
using System.Text;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Cuts text into the pieces within which merges happen, as GPT-2's pattern does:
/// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c>, with Unicode's general categories and
/// White_Space property. Written out as a scanner over UTF-8. A byte that is no part of valid UTF-8 belongs to the third
/// class, as U+FFFD does, which is what a tokenizer sees that replaces such bytes before it starts.
/// </summary>
internal static class PreTokenizer
{
    internal enum CharacterClass : byte
    {
        Other,
        Letter,
        Number,
        Space,
    }

    private static readonly CharacterClass[] OfByte = [.. Enumerable.Range(0, 128).Select(code => Classify(code))];

    /// <summary>Length in bytes of the piece at the start of <paramref name="text"/>, which must not be empty.</summary>
    public static int NextLength(ReadOnlySpan<byte> text)
    {
        byte first = text[0];
        if (first == '\'' && ContractionLength(text) is > 0 and int contraction)
            return contraction;
        int start = 0;
        CharacterClass kind = ClassAt(text, 0, out int length);
        if (first == ' ' && text.Length > 1 && ClassAt(text, 1, out int second) is not CharacterClass.Space and CharacterClass next)
            (start, kind, length) = (1, next, second);
        return kind == CharacterClass.Space ? SpaceLength(text) : RunEnd(text, start + length, kind);
    }

    /// <summary>
    /// Where a text that goes on may be cut without changing any piece: before the last space that stands alone between
    /// two words. 0 when there is none.
    /// </summary>
    public static int SafeCut(ReadOnlySpan<byte> text)
    {
        // The last character may be incomplete, and must not be mistaken for a word.
        int cut = Math.Max(0, text.Length - 4);
        while ((cut = text[..cut].LastIndexOf((byte)' ')) > 0)
            if (ClassAt(text, cut + 1, out _) != CharacterClass.Space && TrailingSpaceStart(text[..cut]) == cut)
                return cut;
        return 0;
    }

    internal static CharacterClass Classify(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.OtherLetter => CharacterClass.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterClass.Number,
        UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharacterClass.Space,
        _ => codePoint is (>= '\t' and <= '\r') or 0x85 ? CharacterClass.Space : CharacterClass.Other,
    };

    /// <summary>Start of the white space that <paramref name="text"/> ends with; its length when it ends with none.</summary>
    internal static int TrailingSpaceStart(ReadOnlySpan<byte> text)
    {
        int start = text.Length;
        while (start > 0 && Rune.DecodeLastFromUtf8(text[..start], out Rune last, out int length) == OperationStatus.Done
            && Classify(last.Value) == CharacterClass.Space)
            start -= length;
        return start;
    }

    /// <summary>Length of the white space that <paramref name="text"/> begins with.</summary>
    internal static int LeadingSpaceLength(ReadOnlySpan<byte> text) => RunEnd(text, 0, CharacterClass.Space);

    private static int ContractionLength(ReadOnlySpan<byte> text) => text.Length < 2 ? 0 : text[1] switch
    {
        (byte)'s' or (byte)'t' or (byte)'m' or (byte)'d' => 2,
        (byte)'r' or (byte)'v' => text.Length > 2 && text[2] == 'e' ? 3 : 0,
        (byte)'l' => text.Length > 2 && text[2] == 'l' ? 3 : 0,
        _ => 0,
    };

    // White space before a word leaves its last character to the word, unless it has only one.
    private static int SpaceLength(ReadOnlySpan<byte> text)
    {
        int end = 0, last = 0;
        while (end < text.Length && ClassAt(text, end, out int length) == CharacterClass.Space)
        {
            last = end;
            end += length;
        }
        return end == text.Length || last == 0 ? end : last;
    }

    private static int RunEnd(ReadOnlySpan<byte> text, int at, CharacterClass kind)
    {
        while (at < text.Length)
        {
            byte lead = text[at];
            if (lead < 128)
            {
                if (OfByte[lead] != kind)
                    break;
                at++;
            }
            else
            {
                if (ClassAt(text, at, out int length) != kind)
                    break;
                at += length;
            }
        }
        return at;
    }

    private static CharacterClass ClassAt(ReadOnlySpan<byte> text, int at, out int length)
    {
        byte lead = text[at];
        if (lead < 128)
        {
            length = 1;
            return OfByte[lead];
        }
        return Rune.DecodeFromUtf8(text[at..], out Rune rune, out length) == OperationStatus.Done
            ? Classify(rune.Value)
            : CharacterClass.Other;
    }
}
