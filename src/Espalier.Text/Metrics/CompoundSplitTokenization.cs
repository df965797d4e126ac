using System.Text;

namespace Espalier.Text.Metrics;

/// <summary>
/// Splits compounds after another tokenization: a hyphen between two characters that are no space becomes a word of its own,
/// <c>rich-text</c> → <c>rich ##AT##-##AT## text</c>. This is the rule of GNMT, ConvS2S and Vaswani et al. (2017), kept in
/// tensor2tensor's get_ende_bleu.sh and fairseq's compound_split_bleu.sh as the substitution
/// <c>s{(\S)-(\S)}{$1 ##AT##-##AT## $2}g</c>, applied to bytes. Its substitutions do not overlap, and neither do they here:
/// the letter between the hyphens of <c>e-e-x</c> is used up by the first, so the second stays (a letter outside ASCII has
/// bytes enough for both).
/// </summary>
public sealed class CompoundSplitTokenization(WordTokenization inner) : WordTokenization
{
    /// <inheritdoc/>
    public override string Name => $"{inner.Name}+atat";

    /// <inheritdoc/>
    public override string[] Words(string sentence) => [.. inner.Words(sentence).SelectMany(Split)];

    private static string[] Split(string word)
    {
        var apart = new StringBuilder(word.Length);
        for (int i = 0; i < word.Length; i++)
        {
            apart.Append(word[i]);
            if (i + 2 >= word.Length || word[i + 1] != '-')
                continue;
            apart.Append(" ##AT##-##AT## ");
            i++;
            if (char.IsAscii(word[i + 1]))
                apart.Append(word[++i]);
        }
        return apart.ToString().Split(' ');
    }
}
