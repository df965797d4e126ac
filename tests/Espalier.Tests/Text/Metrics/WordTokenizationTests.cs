using Espalier.Text.Metrics;

namespace Espalier.Tests.Text.Metrics;

public class WordTokenizationTests
{
    // Each case names the rule of mteval-v13a that it exercises; the expectations were worked by hand from the rules.
    [Theory]
    [InlineData("I'm a student.", "I'm a student .")] // an apostrophe stays
    [InlineData("(a+b)/c = 50%!", "( a + b ) / c = 50 % !")] // symbols stand apart
    [InlineData("1,234.5 km, 3.", "1,234.5 km , 3 .")] // stops between digits stay
    [InlineData(".5 and v2.x", ". 5 and v2 . x")]
    [InlineData("10-year well-known 1990-", "10 - year well-known 1990 -")] // a hyphen after a digit stands apart
    [InlineData("wait... what", "wait . . . what")]
    [InlineData("&quot;Q&amp;A&quot; &lt;b&gt;", "\" Q & A \" < b >")] // entities
    [InlineData("&amp;lt; &amp;quot;", "< & quot ;")] // resolved one after the other, once
    [InlineData("«Été», 東京。", "«Été» , 東京。")] // nothing outside ASCII is a symbol
    [InlineData("a\u00a0b\u001cc\u2003d", "a b c d")] // Python's white space
    [InlineData("", "")]
    public void Mteval13a_Rules_SplitAsDocumented(string sentence, string expected) =>
        Assert.Equal(expected, string.Join(' ', WordTokenization.Mteval13a.Words(sentence)));

    // What perl -ple 's{(\S)-(\S)}{$1 ##AT##-##AT## $2}g' prints for the same lines.
    [Theory]
    [InlineData("rich-text format", "rich ##AT##-##AT## text format")]
    [InlineData("state-of-the-art", "state ##AT##-##AT## of ##AT##-##AT## the ##AT##-##AT## art")]
    [InlineData("e-e-x", "e ##AT##-##AT## e-x")]
    [InlineData("x-é-y", "x ##AT##-##AT## é ##AT##-##AT## y")]
    [InlineData("a--b - -c d-", "a ##AT##-##AT## -b - -c d-")]
    [InlineData("---", "- ##AT##-##AT## -")]
    public void CompoundSplit_Hyphens_AreSplitAsByTheScript(string sentence, string expected) =>
        Assert.Equal(expected, string.Join(' ', new CompoundSplitTokenization(WordTokenization.None).Words(sentence)));

    [Theory]
    [InlineData("en", "Mr. Smith doesn't like the 1990's, does he?", "Mr. Smith doesn 't like the 1990 's , does he ?")]
    [InlineData("en", "The U.S. grew 3.5% in 1,000 days...", "The U.S. grew 3.5 % in 1,000 days ...")]
    [InlineData("en", "\"It ended.\" (Really.)", "\" It ended . \" ( Really . )")]
    [InlineData("fr", "L'homme n'a qu'un ami, M. Durand.", "L' homme n' a qu' un ami , M. Durand .")]
    [InlineData("fr", "Prix : 3,50 € « net »", "Prix : 3,50 € « net »")]
    [InlineData("de", "Wie geht's?", "Wie geht ' s ?")]
    public void Moses_Rules_SplitAsDocumented(string language, string sentence, string expected) =>
        Assert.Equal(expected, string.Join(' ', new MosesTokenization(language).Words(sentence)));
}
