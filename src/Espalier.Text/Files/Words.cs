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
}
