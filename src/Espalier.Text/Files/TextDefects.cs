using System.Text;
using System.Text.Unicode;

namespace Espalier.Text.Files;

/// <summary>
/// Counts what does not belong in UTF-8 text. The bytes themselves are kept: the byte-level tokenizer encodes them as they are.
/// </summary>
public sealed class TextDefects
{
    private readonly Tally _notUtf8 = new("byte sequences that are not UTF-8");
    private readonly Tally _nul = new("NUL bytes");

    /// <summary>What was found so far.</summary>
    public IReadOnlyList<Warning> Warnings => Tally.Warnings(_notUtf8, _nul);

    internal void Check(ReadOnlySpan<byte> text, string file, long line)
    {
        if (text.Contains((byte)0))
            _nul.Add(file, line, text.Count((byte)0));
        if (!Utf8.IsValid(text))
            _notUtf8.Add(file, line, CountInvalid(text));
    }

    // Checks text of several lines, of which the first has the number firstLine.
    internal void CheckLines(ReadOnlySpan<byte> text, string file, long firstLine)
    {
        if (Utf8.IsValid(text) && !text.Contains((byte)0))
            return;
        foreach (Range line in text.Split((byte)'\n'))
            Check(text[line], file, firstLine++);
    }

    // Adds what was found in a later part.
    internal void Add(TextDefects later)
    {
        _notUtf8.Add(later._notUtf8);
        _nul.Add(later._nul);
    }

    private static long CountInvalid(ReadOnlySpan<byte> text)
    {
        long count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out _, out int length) != System.Buffers.OperationStatus.Done)
                count++;
            text = text[length..];
        }
        return count;
    }
}
