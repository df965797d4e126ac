using System.Text;

namespace Espalier.Text.Metrics;

/// <summary>How a metric cuts a sentence into words before it compares them.</summary>
public abstract class WordTokenization
{
    /// <summary>The tokenization of the official WMT scores, sacrebleu's default.</summary>
    public static WordTokenization Mteval13a { get; } = new Mteval13aTokenization();

    /// <summary>Words are what white space separates.</summary>
    public static WordTokenization None { get; } = new NoTokenization();

    /// <summary>What stands in a signature after <c>tok:</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The words of <paramref name="sentence"/>.</summary>
    public abstract string[] Words(string sentence);

    /// <summary>Splits at white space as Python's <c>str.split()</c> does, which takes U+001C to U+001F for white space too.</summary>
    protected static string[] SplitAtWhiteSpace(ReadOnlySpan<char> text)
    {
        var words = new List<string>();
        int start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is < '\u001c' or > '\u001f')
                continue;
            if (i > start)
                words.Add(text[start..i].ToString());
            start = i + 1;
        }
        return [.. words];
    }

    private sealed class NoTokenization : WordTokenization
    {
        public override string Name => "none";

        public override string[] Words(string sentence) => SplitAtWhiteSpace(sentence);
    }

    /// <summary>
    /// The rules of NIST's mteval-v13a: four entities are resolved; ASCII punctuation other than <c>' , - .</c> stands apart;
    /// a period or comma stands apart unless digits enclose it; a hyphen stands apart after a digit.
    /// </summary>
    private sealed class Mteval13aTokenization : WordTokenization
    {
        private const char Edge = ' ';

        public override string Name => "13a";

        public override string[] Words(string sentence)
        {
            string text = sentence.Replace("<skipped>", "").Replace("-\n", "").Replace('\n', ' ');
            // The ampersand comes second, as it does in the original: "&amp;lt;" becomes "<", "&amp;quot;" stays "&quot;".
            text = text.Replace("&quot;", "\"").Replace("&amp;", "&").Replace("&lt;", "<").Replace("&gt;", ">");
            text = SetSymbolsApart(text);
            text = AtPairs(text, static (a, b) => !char.IsAsciiDigit(a) && IsStop(b), before: false, after: true);
            text = AtPairs(text, static (a, b) => IsStop(a) && !char.IsAsciiDigit(b), before: true, after: false);
            text = AtPairs(text, static (a, b) => char.IsAsciiDigit(a) && b == '-', before: false, after: true);
            return SplitAtWhiteSpace(text);
        }

        private static bool IsStop(char c) => c is '.' or ',';

        private static string SetSymbolsApart(string text)
        {
            var apart = new StringBuilder(text.Length * 2).Append(Edge);
            foreach (char c in text)
            {
                if (char.IsAscii(c) && (char.IsPunctuation(c) || char.IsSymbol(c)) && c is not ('\'' or ',' or '-' or '.'))
                    apart.Append(' ').Append(c).Append(' ');
                else
                    apart.Append(c);
            }
            return apart.Append(Edge).ToString();
        }

        /// <summary>
        /// Puts spaces into pairs of neighbours that fit: always between the two, and before or after the pair as told. Pairs do
        /// not overlap and are found from left to right, so in "a..." the first two and the next two characters are pairs.
        /// </summary>
        private static string AtPairs(string text, Func<char, char, bool> fits, bool before, bool after)
        {
            var apart = new StringBuilder(text.Length * 2);
            for (int i = 0; i < text.Length; i++)
            {
                if (i + 1 == text.Length || !fits(text[i], text[i + 1]))
                {
                    apart.Append(text[i]);
                    continue;
                }
                apart.Append(before ? " " : "").Append(text[i]).Append(' ').Append(text[++i]).Append(after ? " " : "");
            }
            return apart.ToString();
        }
    }
}
