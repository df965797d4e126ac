using System.Text;

namespace Espalier.Text.Tokenization;

/// <summary>
/// GPT-2's way of writing bytes as visible characters, so that a vocabulary can be a text file: the printable characters
/// of Latin-1 stand for themselves, the other 68 bytes become U+0100 and following. A space reads <c>Ġ</c>.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = MakeCharacters();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((symbol, value) => (symbol, value))
        .ToDictionary(entry => entry.symbol, entry => (byte)entry.value);

    /// <summary>The bytes in the order of the characters they are written as, which is the order of their ids in a new vocabulary.</summary>
    public static IReadOnlyList<byte> InCharacterOrder { get; } = [.. Characters.Order().Select(symbol => Bytes[symbol])];

    public static string Write(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        foreach (byte value in bytes)
            text.Append(Characters[value]);
        return text.ToString();
    }

    /// <summary>The bytes that <paramref name="token"/> stands for; a token with a character outside the alphabet stands for itself.</summary>
    public static byte[] Read(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        return bytes;
    }

    private static char[] MakeCharacters()
    {
        char[] characters = new char[256];
        int next = 256;
        for (int value = 0; value < 256; value++)
            characters[value] = value is (>= '!' and <= '~') or (>= '¡' and <= '¬') or (>= '®' and <= 'ÿ') ? (char)value : (char)next++;
        return characters;
    }
}
