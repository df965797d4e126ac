using System.IO.Compression;
using System.Text;
using Espalier.Text;
using Espalier.Text.Files;

namespace Espalier.Tests.Text.Files;

public class LineReaderTests
{
    [Theory]
    [InlineData("a\nb\n", "a|b")]
    [InlineData("a\nb", "a|b")]
    [InlineData("a\r\n\r\nb\r\n", "a||b")]
    [InlineData("\n\n", "|")]
    [InlineData("\uFEFFa\n\uFEFFb", "a|\uFEFFb")]
    public void Next_LineEndsOfAnyKind_GivesTheLines(string text, string expected)
    {
        using var folder = new TemporaryFolder();
        using var reader = new LineReader(folder.Write("text", Encoding.UTF8.GetBytes(text)), new TextDefects());
        var lines = new List<string>();
        while (reader.Next())
        {
            lines.Add(Encoding.UTF8.GetString(reader.Segment));
            Assert.Equal(lines.Count, reader.Line);
        }
        Assert.Equal(expected, string.Join('|', lines));
    }

    [Theory]
    [InlineData("no space anywhere ", 1)]
    [InlineData("é", 2 * LineReader.LongestSegment)]
    [InlineData("words and spaces ", 3 * LineReader.LongestSegment / 17)]
    public void Next_LineLongerThanTheBuffer_ComesInSegmentsThatJoinToTheLine(string part, int times)
    {
        using var folder = new TemporaryFolder();
        string line = string.Concat(Enumerable.Repeat(part, times));
        var defects = new TextDefects();
        using var reader = new LineReader(folder.Write("text", $"first\n{line}\nlast"), defects);
        var joined = new StringBuilder();
        while (reader.Next())
        {
            if (reader.Line == 2)
                joined.Append(Encoding.UTF8.GetString(reader.Segment));
        }
        Assert.Equal(line, joined.ToString());
        Assert.Equal(3, reader.Line);
        Assert.Empty(defects.Warnings);
    }

    [Theory]
    [InlineData(LineReader.LongestSegment - 1, true)]
    [InlineData(LineReader.LongestSegment + 1, false)]
    public void NextLine_LongLine_IsPassedOverOnlyWhenTooLong(int length, bool expected)
    {
        using var folder = new TemporaryFolder();
        using var reader = new LineReader(folder.Write("text", new string('x', length) + "\nnext"), new TextDefects());
        Assert.True(reader.NextLine(out bool whole));
        Assert.Equal(expected, whole);
        Assert.True(reader.NextLine(out whole));
        Assert.True(whole);
        Assert.Equal("next", Encoding.UTF8.GetString(reader.Segment));
        Assert.Equal(2, reader.Line);
    }

    [Fact]
    public void Next_NotUtf8AndNul_AreCountedWithTheFirstLine()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("text", [.. "fine\na"u8, 0xFF, 0xC3, .. "\n\0b\0\n"u8, 0xFF]);
        var defects = new TextDefects();
        using var reader = new LineReader(path, defects);
        while (reader.Next())
        {
        }
        Assert.Equal(
            [new Warning("byte sequences that are not UTF-8", 3, path, 2), new Warning("NUL bytes", 2, path, 3)], defects.Warnings);
    }

    [Fact]
    public void Next_StreamThatGivesALineAtATime_GivesEachBeforeTheNextIsAskedFor()
    {
        var input = new SlowStream(["\uFEFFone\n", "two ", "words\nth", "ree"]);
        using var reader = new LineReader(input, "input", new TextDefects());
        foreach ((string line, int asked) in new[] { ("one", 1), ("two words", 3), ("three", 5) })
        {
            Assert.True(reader.Next());
            Assert.Equal((line, asked), (Encoding.UTF8.GetString(reader.Segment), input.Asked));
        }
        Assert.False(reader.Next());
    }

    // Gives a piece for each read.
    private sealed class SlowStream(string[] pieces) : MemoryStream
    {
        public int Asked { get; private set; }

        public override int Read(Span<byte> buffer) => Asked++ < pieces.Length ? Encoding.UTF8.GetBytes(pieces[Asked - 1], buffer) : 0;
    }

    [Fact]
    public void Open_Utf16_SaysSo()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("text", [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("text\n")]);
        Assert.Contains("UTF-16", Assert.Throws<TextException>(() => new LineReader(path, new TextDefects())).Message);
    }

    [Fact]
    public void Next_TruncatedGzip_NamesTheFile()
    {
        using var folder = new TemporaryFolder();
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 9999))));
        string path = folder.Write("text.gz", packed.ToArray()[..^20]);
        TextException fault = Assert.Throws<TextException>(() =>
        {
            using var reader = new LineReader(path, new TextDefects());
            while (reader.Next())
            {
            }
        });
        Assert.Equal(path, fault.File);
    }
}
