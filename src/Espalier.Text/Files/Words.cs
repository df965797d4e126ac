namespace Espalier.Text.Files;

/// <summary>Words in the plainest sense: what stands between white space.</summary>
internal static class Words
{
    public static int Count(ReadOnlySpan<byte> utf8)
    {
        int words = 0;
        bool inWord = false;
        foreach (byte value in utf8)
        {
            bool space = value is (byte)' ' or (>= 9 and <= 13);
            if (!space && !inWord)
                words++;
            inWord = !space;
        }
        return words;
    }

    /// <summary>Characters (code points) that are no white space.</summary>
    public static int Characters(ReadOnlySpan<byte> utf8)
    {
        int characters = 0;
        foreach (byte value in utf8)
        {
            // All but the first byte of a character begin with the bits 10.
            if ((value & 0xC0) != 0x80 && value is not ((byte)' ' or (>= 9 and <= 13)))
                characters++;
        }
        return characters;
    }
}
