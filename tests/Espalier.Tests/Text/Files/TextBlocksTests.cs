using System.Text;
using Espalier.Text.Files;

namespace Espalier.Tests.Text.Files;

public class TextBlocksTests
{
    [Fact]
    public void Read_RandomText_LosesNothingAndCutsNoCharacter()
    {
        string[] pieces = ["a", "word", " ", " ", "\n", "é", "中", "😀", "\r\n"];
        var random = new Random(31);
        for (int trial = 0; trial < 3_000; trial++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => pieces[random.Next(pieces.Length)]));
            string mark = trial % 2 == 0 ? "\ufeff" : "";
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(mark + text));
            var read = new StringBuilder();
            foreach (TextBlock block in TextBlocks.Read(stream, "text", 16 + random.Next(20)))
            {
                Assert.Equal(1 + read.ToString().Count(character => character == '\n'), block.FirstLine);
                read.Append(new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(block.Text));
            }
            Assert.Equal(text, read.ToString());
        }
    }
}
