using System.Buffers;
using System.Globalization;
using System.Text;

namespace Espalier.Text.Tokenization;

/// <summary>Finds added tokens in text: from left to right, the longest where several begin.</summary>
internal sealed class AddedTokenFinder
{
    private readonly (AddedToken Token, byte[] Content)[] _longestFirst;
    private readonly SearchValues<byte> _leads;

    public AddedTokenFinder(IEnumerable<AddedToken> tokens)
    {
        _longestFirst = [.. tokens.Select(token => (token, Encoding.UTF8.GetBytes(token.Content))).OrderByDescending(entry => entry.Item2.Length)];
        _leads = SearchValues.Create([.. _longestFirst.Select(entry => entry.Content[0]).Distinct()]);
    }

    /// <summary>
    /// Finds the first added token at or after <paramref name="from"/>, and sets <paramref name="from"/> behind it.
    /// <paramref name="start"/> and <paramref name="end"/> enclose it together with the white space that it swallows; what lies
    /// before <paramref name="taken"/> has been swallowed already. As in Hugging Face's, white space swallowed by the token before
    /// is still searched, for tokens that are white space themselves.
    /// </summary>
    public AddedToken? Find(ReadOnlySpan<byte> text, ref int from, int taken, out int start, out int end)
    {
        while (from < text.Length && text[from..].IndexOfAny(_leads) is >= 0 and int lead)
        {
            from += lead;
            (AddedToken? token, int length) = MatchAt(text[from..]);
            if (token is null)
            {
                from++;
                continue;
            }
            start = from;
            end = from += length;
            if (token.SingleWord && (EndsWithWord(text[..start]) || StartsWithWord(text[end..])))
                continue;
            if (token.LeftStrip)
                start = Math.Max(taken, PreTokenizer.TrailingSpaceStart(text[..start]));
            if (token.RightStrip)
                end += PreTokenizer.LeadingSpaceLength(text[end..]);
            return token;
        }
        start = end = text.Length;
        return null;
    }

    private (AddedToken? Token, int Length) MatchAt(ReadOnlySpan<byte> text)
    {
        foreach ((AddedToken token, byte[] content) in _longestFirst)
            if (text.StartsWith(content))
                return (token, content.Length);
        return (null, 0);
    }

    private static bool EndsWithWord(ReadOnlySpan<byte> text) =>
        Rune.DecodeLastFromUtf8(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    private static bool StartsWithWord(ReadOnlySpan<byte> text) =>
        Rune.DecodeFromUtf8(text, out Rune rune, out _) == OperationStatus.Done && IsWord(rune);

    // The \w of Unicode's regular expressions: letters, marks, decimal digits, letter numbers, connectors, joiners.
    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) is <= UnicodeCategory.LetterNumber
        or UnicodeCategory.ConnectorPunctuation || rune.Value is 0x200C or 0x200D;
}
