using System.Text;

namespace Espalier.Text.Files;

/// <summary>Shows the lines of a <see cref="LineReader"/> to code that wants characters. Line ends become <c>\n</c>.</summary>
internal sealed class LineTextReader(LineReader lines) : TextReader
{
    private char[] _characters = [];
    private int _start, _end;

    public override int Peek() => Ensure() ? _characters[_start] : -1;

    public override int Read() => Ensure() ? _characters[_start++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (!Ensure())
            return 0;
        int count = Math.Min(buffer.Length, _end - _start);
        _characters.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    private bool Ensure()
    {
        if (_start < _end)
            return true;
        if (!lines.NextLine(out bool whole))
            return false;
        if (!whole)
            throw new TextException($"the line is longer than {LineReader.LongestSegment:N0} bytes, too long for a row; was a line end lost?", lines.Path, lines.Line);
        int longest = lines.Segment.Length + 1;
        if (_characters.Length < longest)
            _characters = new char[Math.Max(longest, 2 * _characters.Length)];
        _end = Encoding.UTF8.GetChars(lines.Segment, _characters);
        _characters[_end++] = '\n';
        _start = 0;
        return true;
    }
}
