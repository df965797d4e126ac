namespace Espalier.Text.Tokenization;

/// <summary>Turns merges as they are written into merges of ids.</summary>
internal sealed class MergeParser(IReadOnlyDictionary<string, int> tokens, string file)
{
    /// <summary>A merge written as <c>left right</c>.</summary>
    /// <param name="text">The two tokens.</param>
    /// <param name="line">The line it stands in, or null where lines mean nothing.</param>
    /// <param name="number">Which merge it is, counted from 1.</param>
    public Merge Parse(string text, int number, long? line = null) => text.Split(' ') is [string left, string right]
        ? Make(left, right, number, line)
        : throw new TextException($"merge {number} is \"{text}\"; expected two tokens with one space between them", file, line);

    /// <summary>A merge of two tokens.</summary>
    public Merge Make(string left, string right, int number, long? line = null) =>
        new(IdOf(left, number, line), IdOf(right, number, line), IdOf(left + right, number, line));

    private int IdOf(string token, int number, long? line) => tokens.TryGetValue(token, out int id) ? id
        : throw new TextException($"merge {number} needs the token \"{token}\", which the vocabulary does not have", file, line);
}
