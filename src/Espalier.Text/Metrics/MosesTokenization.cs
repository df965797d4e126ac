using System.Globalization;
using System.Text;

namespace Espalier.Text.Metrics;

/// <summary>
/// Word tokenization by the rules that Moses' tokenizer.perl documents, for languages written with spaces: symbols stand
/// apart, runs of periods stay whole, a comma between digits stays, an apostrophe goes with what follows it in English
/// (<c>don 't</c>) and with what precedes it in French and Italian (<c>l' eau</c>), a final period stands apart unless it ends
/// an abbreviation. It resolves no entities and writes none, and its abbreviations are a short list, so that scores of raw
/// text come close to those of Moses but are not bound to equal them; the signature says so (<c>moses-like</c>). For a
/// comparison with published figures score text that Moses has tokenized with <see cref="WordTokenization.None"/>.
/// </summary>
/// <param name="language">Its ISO 639-1 code: <c>en</c>, <c>fr</c> and <c>it</c> have rules of their own.</param>
public sealed class MosesTokenization(string language) : WordTokenization
{
    private static readonly string[] Languages = ["en", "fr", "it"];

    // Titles and the like are followed by a capital; before a lower-case word any period stays with its word anyway.
    private static readonly HashSet<string> EnglishAbbreviations = new(StringComparer.Ordinal)
    {
        "Adm", "Ave", "Capt", "Col", "Dr", "Gen", "Gov", "Hon", "Jr", "Lt", "Maj", "Messrs", "Mr", "Mrs", "Ms", "Mt", "Prof", "Rep", "Rev",
        "Sen", "Sgt", "Sr", "St", "vs", "etc",
    };
    private static readonly HashSet<string> FrenchAbbreviations = new(StringComparer.Ordinal)
    {
        "Dr", "M", "MM", "Me", "Mgr", "Mlle", "Mme", "Mmes", "Pr", "St", "Ste", "av", "bd", "cf", "chap", "env", "etc", "ex",
        "fig", "p", "pp", "vol",
    };

    private readonly HashSet<string> _abbreviations = language == "fr" ? FrenchAbbreviations : EnglishAbbreviations;

    /// <summary>Whether the language has rules of its own; others are cut by those that most share.</summary>
    public bool HasOwnRules => Languages.Contains(language);

    /// <inheritdoc/>
    public override string Name => $"moses-like.{language}";

    /// <inheritdoc/>
    public override string[] Words(string sentence)
    {
        var apart = new StringBuilder(sentence.Length * 2);
        for (int i = 0; i < sentence.Length; i++)
            Append(apart, sentence, i);
        string[] words = SplitAtWhiteSpace(apart.ToString());
        return [.. words.SelectMany((word, i) => SplitPeriod(word, i + 1 < words.Length ? words[i + 1] : null))];
    }

    private void Append(StringBuilder apart, string sentence, int i)
    {
        char c = sentence[i], before = i > 0 ? sentence[i - 1] : ' ', after = i + 1 < sentence.Length ? sentence[i + 1] : ' ';
        if (char.IsControl(c) && !char.IsWhiteSpace(c))
            return;
        if (IsWordPart(c) || char.IsWhiteSpace(c) || c is '-' or '`')
            apart.Append(c);
        else if (c == '.')
            apart.Append(after == '.' && before != '.' ? " ." : before == '.' && after != '.' ? ". " : ".");
        else if (c == ',')
            apart.Append(char.IsDigit(before) && char.IsDigit(after) ? "," : " , ");
        else if (c == '\'')
            apart.Append(Apostrophe(before, after));
        else if (char.IsHighSurrogate(c))
            apart.Append(' ').Append(c);
        else if (char.IsLowSurrogate(c))
            apart.Append(c).Append(' ');
        else
            apart.Append(' ').Append(c).Append(' ');
    }

    private string Apostrophe(char before, char after)
    {
        bool inWord = char.IsLetter(before) && char.IsLetter(after);
        return language switch
        {
            "en" when inWord || (char.IsDigit(before) && after == 's') => " '",
            "fr" or "it" when inWord => "' ",
            _ => " ' ",
        };
    }

    private string[] SplitPeriod(string word, string? next)
    {
        if (word.Length < 2 || word[^1] != '.' || word[^2] == '.')
            return [word];
        string stem = word[..^1];
        bool isAbbreviation = (stem.Contains('.') && stem.Any(char.IsLetter)) || stem is [>= 'A' and <= 'Z'] || _abbreviations.Contains(stem);
        return next is not null && (isAbbreviation || char.IsLower(next[0])) ? [word] : [stem, "."];
    }

    // Letters, digits and the marks that belong to them.
    private static bool IsWordPart(char c) => char.IsLetterOrDigit(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
}
