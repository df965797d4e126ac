using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary>A stretch of one document within a <see cref="TextChunk"/>.</summary>
/// <param name="Document">The document's number over all files, from 0.</param>
/// <param name="Start">Its first byte in the chunk.</param>
/// <param name="Length">Bytes; 0 when all that remained to tell was that the document ended.</param>
/// <param name="Continues">Whether the document began in an earlier chunk.</param>
/// <param name="Ends">Whether the document ends here.</param>
internal readonly record struct DocumentPiece(long Document, int Start, int Length, bool Continues, bool Ends);

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

    /// <summary>Adds what follows of a document; one that lies in the chunk from its beginning stays one piece.</summary>
    public void Add(long document, ReadOnlySpan<byte> text, bool continues, bool joined, bool ends)
    {
        int start = _length;
        if (joined)
            _bytes[_length++] = (byte)'\n';
        text.CopyTo(_bytes.AsSpan(_length));
        _length += text.Length;
        if (continues && Pieces.Count > 0)
            Pieces[^1] = Pieces[^1] with { Length = _length - Pieces[^1].Start, Ends = ends };
        else
            Pieces.Add(new DocumentPiece(document, start, _length - start, continues, ends));
    }

    /// <summary>Tells that the document that was added to last has ended.</summary>
    public void AddEnd(long document) => Add(document, [], continues: true, joined: false, ends: true);

    /// <summary>
    /// Moves a document that has not ended to another, empty chunk, unless it is all that this one holds.
    /// </summary>
    public void MoveUnfinishedTo(TextChunk other)
    {
        if (Pieces.Count < 2 || Pieces[^1].Ends)
            return;
        DocumentPiece last = Pieces[^1];
        other.Add(last.Document, Text(last), last.Continues, joined: false, ends: false);
        Pieces.RemoveAt(Pieces.Count - 1);
        _length = last.Start;
    }

    /// <summary>Becomes what <paramref name="other"/> is.</summary>
    public void CopyFrom(TextChunk other)
    {
        Clear();
        foreach (DocumentPiece piece in other.Pieces)
            Add(piece.Document, other.Text(piece), piece.Continues, joined: false, piece.Ends);
    }
}
