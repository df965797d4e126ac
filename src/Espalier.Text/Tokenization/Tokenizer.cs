namespace Espalier.Text.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding as GPT-2 and RoBERTa use it (Sennrich et al. 2016; Radford et al. 2019). Every byte
/// string has an encoding, and decoding gives the same bytes back. Immutable and safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">
    /// A <c>tokenizer.json</c> in Hugging Face's format, or a folder that holds one, or a folder with the older pair
    /// <c>vocab.json</c> and <c>merges.txt</c>.
    /// </param>
    /// <exception cref="TextException">Nothing of the kind is there, or it is not a byte-level BPE tokenizer with RoBERTa's special tokens.</exception>
    public static Tokenizer Load(string path) => throw new NotSupportedException(path);

    /// <summary>Writes the tokenizer as <c>tokenizer.json</c> in Hugging Face's format, whole or not at all.</summary>
    /// <param name="path">The file to write.</param>
    public void Save(string path) => throw new NotSupportedException(path);

    /// <summary>Number of ids, special tokens included: every id is below it.</summary>
    public int VocabularySize => 0;

    /// <summary>The ids of the special tokens.</summary>
    public SpecialTokens Special { get; } = new(0, 1, 2, 3, 4);

    /// <summary>
    /// SHA-256 in lower-case hex of the content that <see cref="Save"/> writes. Equal for equal tokenizers; identifies the
    /// tokenizer in manifests.
    /// </summary>
    public string Fingerprint => "";

    /// <summary>Appends the ids of <paramref name="utf8"/>. Adds no special tokens, but recognises those written in the text.</summary>
    /// <param name="utf8">UTF-8 text. Bytes that are not UTF-8 are encoded as they are and survive a round trip.</param>
    /// <param name="ids">Receives the ids at its end.</param>
    public void Encode(ReadOnlySpan<byte> utf8, List<int> ids) => throw new NotSupportedException();

    /// <summary>The ids of <paramref name="text"/>, without added special tokens. Lone surrogates count as U+FFFD.</summary>
    public int[] Encode(string text) => throw new NotSupportedException(text);

    /// <summary>The text of <paramref name="ids"/>; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leave special tokens out of the text.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true) => throw new NotSupportedException();

    /// <summary>The bytes of <paramref name="ids"/>: exactly what was encoded.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leave special tokens out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecial = true) => throw new NotSupportedException();
}
