using System.Text;
using Espalier.Text.Corpora;
using Espalier.Text.Files;

namespace Espalier.Tests.Text.Corpora;

public class CorpusReaderTests
{
    [Theory]
    [InlineData(DocumentLayout.Line, "a b\n\n \t\nc\nd", "a b|c|d")]
    [InlineData(DocumentLayout.Paragraph, "a\nb\n\n\nc\n \nd\ne", "a\nb|c|d\ne")]
    [InlineData(DocumentLayout.Paragraph, "\n\n", "")]
    public void Fill_Layout_SeparatesDocuments(DocumentLayout layout, string text, string expected)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(expected, string.Join('|', Documents([folder.Write("text", text)], layout)));
    }

    [Fact]
    public void Fill_SeveralFiles_EndADocumentWithAFileAndCountByFile()
    {
        using var folder = new TemporaryFolder();
        string[] files = [folder.Write("1", "a\nb"), folder.Write("2", ""), folder.Write("3", "c\n\nd")];
        Assert.Equal(["a\nb", "c", "d"], Documents(files, DocumentLayout.Paragraph));
        using var reader = new CorpusReader(files, DocumentLayout.Paragraph);
        while (reader.Fill(new TextChunk()))
        {
        }
        Assert.Equal([1, 0, 2], reader.DocumentsOfFile);
        Assert.Equal(new Warning("empty files", 1, files[1], 1), Assert.Single(reader.Warnings));
    }

    [Theory]
    [InlineData(DocumentLayout.Line)]
    [InlineData(DocumentLayout.Paragraph)]
    public void Fill_DocumentsAcrossChunks_AreWhole(DocumentLayout layout)
    {
        using var folder = new TemporaryFolder();
        string separator = layout == DocumentLayout.Line ? "\n" : "\n\n";
        string[] documents = [.. Enumerable.Range(0, 40).Select(i => string.Join(' ', Enumerable.Repeat($"word{i}", 1 + i * i * i)))];
        Assert.Equal(documents, Documents([folder.Write("text", string.Join(separator, documents))], layout));
    }

    [Fact]
    public void Fill_LongDocumentInPieces_EncodesAsTheWhole()
    {
        using var folder = new TemporaryFolder();
        string document = string.Join(' ', Enumerable.Range(0, 3000).Select(i => TestTokenizer.Lines[i % 200] + (i % 3 == 0 ? "  " : "")));
        document = string.Concat(Enumerable.Repeat(document, 2_500_000 / document.Length + 1));
        using var reader = new CorpusReader([folder.Write("text", document)], DocumentLayout.Line);
        var chunk = new TextChunk();
        var ids = new List<int>();
        int chunks = 0;
        for (; reader.Fill(chunk); chunks++)
        {
            foreach (DocumentPiece piece in chunk.Pieces)
                TestTokenizer.Instance.Encode(chunk.Text(piece), ids);
        }
        Assert.InRange(chunks, 3, 10);
        Assert.Equal(TestTokenizer.Instance.Encode(document), ids);
    }

    private static List<string> Documents(IReadOnlyList<string> files, DocumentLayout layout)
    {
        using var reader = new CorpusReader(files, layout);
        var documents = new List<string>();
        var bytes = new List<byte>();
        var chunk = new TextChunk();
        while (reader.Fill(chunk))
        {
            foreach (DocumentPiece piece in chunk.Pieces)
            {
                Assert.Equal(documents.Count, piece.Document);
                bytes.AddRange(chunk.Text(piece));
                if (!piece.Ends)
                    continue;
                documents.Add(Encoding.UTF8.GetString([.. bytes]));
                bytes.Clear();
            }
        }
        Assert.Empty(bytes);
        return documents;
    }
}
