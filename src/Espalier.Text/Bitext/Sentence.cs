using Espalier.Text.Tokenization;

namespace Espalier.Text.Bitext;

/// <summary>How a sentence becomes tokens of a model that translates, and tokens a sentence: alike in training, evaluation and use.</summary>
public static class Sentence
{
    // A file that was put together of others has some within it.
    private const string ByteOrderMark = "\uFEFF";

    /// <summary>The text in one line, without white space around it and without byte order marks.</summary>
    public static string Clean(string text) => text.Replace(ByteOrderMark, "", StringComparison.Ordinal).ReplaceLineEndings(" ").Trim();

    /// <summary>The tokens of a text, cleaned. A special token that is written in it is text: it neither begins nor ends anything.</summary>
    public static int[] Encode(Tokenizer tokenizer, string text) => tokenizer.EncodeText(Clean(text));

    /// <summary>The text of tokens, cleaned.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public static string Decode(Tokenizer tokenizer, ReadOnlySpan<int> ids) => Clean(tokenizer.Decode(ids));

    /// <summary>Symbols of a model that are in no translation: all that stand for no text, but that which ends it.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="symbols">How many the model has; the tokenizer's or more.</param>
    public static IReadOnlyList<int> Excluded(Tokenizer tokenizer, int symbols)
        => [.. Enumerable.Range(0, symbols).Where(id => id != tokenizer.Special.Eos && !tokenizer.IsText(id))];
}
