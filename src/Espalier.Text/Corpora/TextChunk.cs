using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary>A stretch of one document within a <see cref="TextChunk"/>.</summary>
/// <param name="Document">The document's number over all files, from 0.</param>
/// <param name="Start">Its first byte in the chunk.</param>
/// <param name="Length">Bytes; 0 when all that remained to tell was that the document ended.</param>
/// <param name="Ends">Whether the document ends here.</param>
internal readonly record struct DocumentPiece(long Document, int Start, int Length, bool Ends);

/// <summary>About a megabyte of a corpus: the unit that one thread works on. Reused once it has been worked on.</summary>
internal sealed class TextChunk
{
    // The longest segment and the line end that joins it to the line before.
    private readonly byte[] _bytes = new byte[LineReader.LongestSegment + 1];
    private int _length;

    public List<DocumentPiece> Pieces { get; } = [];

    public ReadOnlySpan<byte> Text(DocumentPiece piece) => _bytes.AsSpan(piece.Start, piece.Length);

    public bool HasRoomFor(int bytes) => _length + bytes <= _bytes.Length;

    public void Clear()
    {
        _length = 0;
        Pieces.Clear();
    }

    public void Add(long document, ReadOnlySpan<byte> text, bool joined, bool ends)
    {
        int start = _length;
        if (joined)
            _bytes[_length++] = (byte)'\n';
        text.CopyTo(_bytes.AsSpan(_length));
        _length += text.Length;
        Pieces.Add(new DocumentPiece(document, start, _length - start, ends));
    }

    public void AddEnd(long document) => Pieces.Add(new DocumentPiece(document, _length, 0, Ends: true));
}
