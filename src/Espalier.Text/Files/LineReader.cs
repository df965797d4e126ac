using System.Text;

namespace Espalier.Text.Files;

/// <summary>
/// Reads a text line by line in bounded memory. A line that exceeds the buffer arrives as several segments, cut where a
/// byte-level tokenizer cuts anyway, so that encoding the segments one by one gives the ids of the whole line.
/// </summary>
/// <remarks>
/// Lines end with <c>\n</c> or <c>\r\n</c>, which are not part of a segment; a byte order mark is skipped. Not thread-safe.
/// </remarks>
public sealed class LineReader : IDisposable
{
    /// <summary>Bytes of the longest line that arrives in one segment.</summary>
    public const int LongestSegment = 1 << 20;

    private const byte NewLine = (byte)'\n';
    private readonly Stream _input;
    private readonly TextDefects _defects;
    private readonly byte[] _buffer = new byte[LongestSegment];
    private int _start, _end, _segmentStart, _segmentLength;
    private long _taken, _read;
    private bool _atEnd;

    /// <summary>Opens a file, plain or gzip.</summary>
    /// <param name="path">The file.</param>
    /// <param name="defects">Receives what does not belong in UTF-8 text.</param>
    /// <exception cref="TextException">It is missing or cannot be read, or is UTF-16.</exception>
    public LineReader(string path, TextDefects defects)
        : this(InputFile.Open(path), path, defects)
    {
    }

    /// <summary>Reads what comes, such as standard input: a line is given as soon as it is there. The stream stays open.</summary>
    /// <param name="input">The text.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="defects">Receives what does not belong in UTF-8 text.</param>
    /// <exception cref="TextException">It is UTF-16, or gzip.</exception>
    public LineReader(Stream input, string name, TextDefects defects)
    {
        (_input, Path, _defects) = (input, name, defects);
        try
        {
            while (_end < ByteOrderMark.Longest && !_buffer.AsSpan(0, _end).Contains(NewLine) && Fill())
            {
            }
            if (_buffer.AsSpan(0, _end).StartsWith(InputFile.GzipMagic))
                throw new TextException("is gzip, plain text was expected; unpack it first, for example with gzip -dc", name);
            _start = ByteOrderMark.Length(_buffer.AsSpan(0, _end), name);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The lines of a file, as text; of one that is longer than <see cref="LongestSegment"/> its end.</summary>
    /// <exception cref="TextException">It is missing or cannot be read, or is UTF-16.</exception>
    public static IReadOnlyList<string> ReadAll(string path)
    {
        using var reader = new LineReader(path, new TextDefects());
        return reader.Rest();
    }

    /// <summary>The lines that are left, as text; of one that is longer than <see cref="LongestSegment"/> its end.</summary>
    /// <exception cref="TextException">It cannot be read on.</exception>
    public IReadOnlyList<string> Rest()
    {
        List<string> lines = [];
        while (NextLine(out _))
            lines.Add(Encoding.UTF8.GetString(Segment));
        return lines;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The line of the current segment, counted from 1; 0 before the first.</summary>
    public long Line { get; private set; }

    /// <summary>Whether the current segment begins its line.</summary>
    public bool StartsLine { get; private set; }

    /// <summary>Whether the current segment ends its line.</summary>
    public bool EndsLine { get; private set; } = true;

    /// <summary>The current segment. Valid until the next call of <see cref="Next"/>.</summary>
    public ReadOnlySpan<byte> Segment => _buffer.AsSpan(_segmentStart, _segmentLength);

    /// <summary>Bytes of the file on disk consumed so far; of a stream, bytes read.</summary>
    public long BytesConsumed => _input is InputFile file ? file.BytesConsumed : _read;

    /// <summary>Bytes of the file on disk that the text so far takes: exact for plain text, about for gzip.</summary>
    public double BytesTaken => (double)BytesConsumed * _taken / Math.Max(1, _taken + _end - _start);

    /// <summary>Goes to the next segment.</summary>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="TextException">The file cannot be read on.</exception>
    public bool Next()
    {
        int newLine, searched = 0;
        while ((newLine = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf(NewLine)) < 0)
        {
            searched = _end - _start;
            if (!Fill())
                break;
        }
        newLine = newLine < 0 ? newLine : searched + newLine;
        if (newLine < 0 && _start == _end)
        {
            if (EndsLine)
                return false;
            Take(0, 0, ends: true); // the cut fell on the very end of the file
            return true;
        }
        if (newLine >= 0)
            Take(newLine, 1, ends: true);
        else if (_atEnd)
            Take(_end - _start, 0, ends: true);
        else
            Take(SegmentCut.Before(_buffer), 0, ends: false);
        return true;
    }

    /// <summary>
    /// Goes to the next line, for readers that want lines whole: what exceeds <see cref="LongestSegment"/> is passed over.
    /// </summary>
    /// <param name="whole">False when the line was too long and <see cref="Segment"/> holds only its end.</param>
    /// <returns>False at the end of the file.</returns>
    public bool NextLine(out bool whole)
    {
        whole = true;
        if (!Next())
            return false;
        while (!EndsLine)
        {
            whole = false;
            Next();
        }
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => (_input as InputFile)?.Dispose();

    private void Take(int length, int separator, bool ends)
    {
        StartsLine = EndsLine;
        EndsLine = ends;
        if (StartsLine)
            Line++;
        _segmentStart = _start;
        _segmentLength = ends && length > 0 && _buffer[_start + length - 1] == '\r' ? length - 1 : length;
        _start += length + separator;
        _taken += length + separator;
        _defects.Check(Segment, Path, Line);
    }

    // Reads as much more as comes at once. False when nothing does, or there is no room.
    private bool Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_atEnd || _end == _buffer.Length)
            return false;
        int got = _input.Read(_buffer.AsSpan(_end));
        _end += got;
        _read += got;
        _atEnd = got == 0;
        return !_atEnd;
    }
}
