namespace Espalier.Text.Files;

/// <summary>A stretch of a text file that ends with a line, or inside a very long one.</summary>
/// <param name="Buffer">Holds the text; the taker owns it.</param>
/// <param name="Length">Bytes of text in the buffer.</param>
/// <param name="FirstLine">Number of the line that the text begins in, counted from 1.</param>
internal readonly record struct TextBlock(byte[] Buffer, int Length, long FirstLine)
{
    public ReadOnlySpan<byte> Text => Buffer.AsSpan(0, Length);
}

/// <summary>
/// Reads text in blocks of bounded size that depend on the text alone. A block ends after a line feed; inside a line that
/// is longer than a block it ends where tokens cannot be affected, and where there is no such place, anywhere between two
/// characters. A byte order mark at the beginning is left out.
/// </summary>
internal static class TextBlocks
{
    public const int BlockSize = 4 << 20;

    public static IEnumerable<TextBlock> Read(Stream stream, string name, int blockSize = BlockSize)
    {
        byte[] rest = [];
        long line = 1;
        for (bool first = true; ; first = false)
        {
            byte[] buffer = new byte[blockSize];
            rest.CopyTo(buffer, 0);
            int length = rest.Length + stream.ReadAtLeast(buffer.AsSpan(rest.Length), blockSize - rest.Length, throwOnEndOfStream: false);
            bool last = length < blockSize;
            if (first && ByteOrderMark.Length(buffer.AsSpan(0, length), name) is > 0 and int mark)
                buffer.AsSpan(mark, length -= mark).CopyTo(buffer);
            int cut = last ? length : Cut(buffer.AsSpan(0, length));
            if (cut > 0)
                yield return new TextBlock(buffer, cut, line);
            if (last)
                yield break;
            line += buffer.AsSpan(0, cut).Count((byte)'\n');
            rest = buffer[cut..length];
        }
    }

    private static int Cut(ReadOnlySpan<byte> text)
    {
        int lineEnd = text.LastIndexOf((byte)'\n') + 1;
        return lineEnd > 0 ? lineEnd : SegmentCut.Before(text);
    }
}
