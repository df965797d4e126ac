using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary>Streams the documents of text files in order, in bounded memory whatever the length of a line.</summary>
/// <param name="files">The files.</param>
/// <param name="layout">What separates documents.</param>
/// <param name="part">The part of each file that is read, from its beginning to the end of a line, or of a segment of one that is longer.</param>
internal sealed class CorpusReader(IReadOnlyList<string> files, DocumentLayout layout, double part = 1) : IDisposable
{
    private readonly TextDefects _defects = new();
    private readonly Tally _empty = new("empty files");
    private readonly long[] _documentsOfFile = new long[files.Count];
    // The beginning of a document that goes on in the next chunk: a document is cut only if it is longer than a chunk, because
    // its ids are those of the whole.
    private readonly TextChunk _unfinished = new();
    private LineReader? _lines;
    private int _file = -1;
    private double _most; // bytes of the file at hand after which it is left
    private bool _pending;   // the reader's current segment has not been taken yet
    private bool _inDocument;

    /// <summary>Documents begun so far.</summary>
    public long Documents { get; private set; }

    /// <summary>Documents begun so far in each file.</summary>
    public IReadOnlyList<long> DocumentsOfFile => _documentsOfFile;

    public IReadOnlyList<Warning> Warnings => [.. _defects.Warnings, .. Tally.Warnings(_empty)];

    /// <summary>The file at hand, or the next one between two, and how many of its bytes are consumed: tells the progress.</summary>
    public (int File, long Bytes) Position => _lines is null ? (_file + 1, 0) : (_file, _lines.BytesConsumed);

    /// <summary>Fills <paramref name="chunk"/> with what follows.</summary>
    /// <returns>False when nothing follows.</returns>
    public bool Fill(TextChunk chunk)
    {
        chunk.CopyFrom(_unfinished);
        _unfinished.Clear();
        while (_pending || Advance(chunk))
        {
            _pending = true;
            if (!Take(_lines!, chunk))
            {
                chunk.MoveUnfinishedTo(_unfinished);
                return true;
            }
            _pending = false;
        }
        return chunk.Pieces.Count > 0;
    }

    public void Dispose() => _lines?.Dispose();

    private bool Advance(TextChunk chunk)
    {
        while (_lines is null || _lines.BytesTaken >= _most || !_lines.Next())
        {
            if (_lines is { Line: 0 })
                _empty.Add(files[_file], 1);
            EndDocument(chunk);
            _lines?.Dispose();
            _lines = null;
            if (_file + 1 >= files.Count)
                return false;
            _lines = new LineReader(files[++_file], _defects);
            _most = part < 1 ? part * new FileInfo(files[_file]).Length : double.PositiveInfinity;
        }
        return true;
    }

    // False when the chunk has no room; the segment then waits for the next one.
    private bool Take(LineReader lines, TextChunk chunk)
    {
        ReadOnlySpan<byte> text = lines.Segment;
        bool blank = lines.StartsLine && lines.EndsLine && text.Trim(" \t\r\n\v\f"u8).IsEmpty;
        if (blank)
        {
            EndDocument(chunk);
            return true;
        }
        if (!chunk.HasRoomFor(text.Length + 1))
            return false;
        bool continues = _inDocument;
        if (!continues)
        {
            Documents++;
            _documentsOfFile[_file]++;
        }
        _inDocument = layout == DocumentLayout.Paragraph || !lines.EndsLine;
        chunk.Add(Documents - 1, text, continues, joined: continues && lines.StartsLine, ends: !_inDocument);
        return true;
    }

    private void EndDocument(TextChunk chunk)
    {
        if (_inDocument)
            chunk.AddEnd(Documents - 1);
        _inDocument = false;
    }
}
