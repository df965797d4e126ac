using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Espalier.Text.Tokenization;

namespace Espalier.Tests.Text.Tokenization;

public class PreTokenizerTests
{
    // .NET's \s, \p{L} and \p{N} are Unicode's in the Basic Multilingual Plane.
    private static readonly Regex Gpt2 = new(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", RegexOptions.CultureInvariant);

    private static readonly string[] Pieces =
    [
        " ", " ", "  ", "\t", "\n", "\r", "\u0085", "\u00a0", "\u3000", "\u200b", "'", "'s", "'re", "'ll", "'l", "'S", "a", "Word", "é", "\u0301", "中",
        "1", "½", "٤", "!", "..", "_", "\0", "\ufffd",
    ];

    [Fact]
    public void NextLength_RandomText_CutsAsThePatternDoes()
    {
        var random = new Random(11);
        for (int trial = 0; trial < 20_000; trial++)
        {
            string text = RandomText(random, 12);
            Assert.Equal(Gpt2.Matches(text).Select(match => match.Value), Split(Encoding.UTF8.GetBytes(text)).Select(Encoding.UTF8.GetString));
        }
    }

    [Fact]
    public void NextLength_BytesThatAreNotUtf8_AreOfTheThirdClass()
    {
        byte[] text = [(byte)'a', 0xFF, 0xC3, (byte)'!', (byte)'b', 0xE4, 0xB8];
        Assert.Equal([1, 3, 1, 2], Split(text).Select(piece => piece.Length));
    }

    [Fact]
    public void SafeCut_RandomText_ChangesNoPiece()
    {
        var random = new Random(12);
        int cuts = 0;
        for (int trial = 0; trial < 5_000; trial++)
        {
            byte[] text = Encoding.UTF8.GetBytes(RandomText(random, 30));
            // The reader knows only the beginning, which may end inside a character.
            int known = random.Next(text.Length + 1);
            int cut = PreTokenizer.SafeCut(text.AsSpan(0, known));
            cuts += cut > 0 ? 1 : 0;
            Assert.Equal(Split(text), [.. Split(text[..cut]), .. Split(text[cut..])]);
        }
        Assert.True(cuts > 500);
    }

    [Fact]
    public void Classify_AllCharacters_HaveTheClassesOfUnicode16()
    {
        // tests/interop compares every character with Hugging Face's classes, which are Unicode 16's. A runtime with a newer
        // Unicode would cut new letters elsewhere, and a tokenizer would no longer give the ids it was trained with.
        byte[] classes = [.. Enumerable.Range(0, 0x110000).Select(code => (byte)PreTokenizer.Classify(code))];
        Assert.Equal("ba830e7f669dd0fcc40141409e2c8be621eead74b1d0d659dc89185f117d69c8", Convert.ToHexStringLower(SHA256.HashData(classes)));
    }

    private static string RandomText(Random random, int pieces) =>
        string.Concat(Enumerable.Range(0, random.Next(pieces)).Select(_ => Pieces[random.Next(Pieces.Length)]));

    private static List<byte[]> Split(byte[] text)
    {
        var pieces = new List<byte[]>();
        for (int at = 0; at < text.Length;)
        {
            int length = PreTokenizer.NextLength(text.AsSpan(at));
            pieces.Add(text[at..(at + length)]);
            at += length;
        }
        return pieces;
    }
}
