using System.Buffers;
using System.Text;
using Espalier.Text.Files;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Byte-level byte-pair encoding as GPT-2 and RoBERTa use it (Sennrich et al. 2016; Radford et al. 2019). Every byte
/// string has an encoding, and decoding with special tokens gives the same bytes back, save the white space before a
/// written <c>&lt;mask&gt;</c>, which that token swallows as in RoBERTa. Immutable and safe to use from several threads.
/// </summary>
public sealed class Tokenizer
{
    private readonly byte[]?[] _bytes;
    private readonly bool[] _special;
    private readonly bool _addPrefixSpace;
    private readonly BpeModel _model;
    private readonly AddedTokenFinder[] _finders;
    private readonly byte[] _content;

    internal Tokenizer(Vocabulary vocabulary, string? file = null)
    {
        Special = vocabulary.FindSpecialTokens(file);
        _bytes = vocabulary.BytesById();
        _special = new bool[_bytes.Length];
        foreach (AddedToken token in vocabulary.Added)
            _special[token.Id] = token.Special;
        _addPrefixSpace = vocabulary.AddPrefixSpace;
        _model = new BpeModel(vocabulary);
        _finders = [.. vocabulary.Added.GroupBy(token => token.Normalized).OrderBy(group => group.Key).Select(group => new AddedTokenFinder(group))];
        _content = TokenizerJsonWriter.Write(vocabulary, Special);
        Fingerprint = TokenizerJsonWriter.Fingerprint(vocabulary, Special);
    }

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">
    /// A <c>tokenizer.json</c> in Hugging Face's format, or a folder that holds one, or a folder with the older pair
    /// <c>vocab.json</c> and <c>merges.txt</c>. Settings for truncation and padding are ignored.
    /// </param>
    /// <exception cref="TextException">Nothing of the kind is there, or it is not a byte-level BPE tokenizer with RoBERTa's special tokens.</exception>
    public static Tokenizer Load(string path)
    {
        if (!Directory.Exists(path))
            return new Tokenizer(TokenizerJsonReader.Read(path), path);
        string json = Path.Join(path, "tokenizer.json");
        if (File.Exists(json))
            return new Tokenizer(TokenizerJsonReader.Read(json), json);
        string vocabulary = Path.Join(path, "vocab.json"), merges = Path.Join(path, "merges.txt");
        if (File.Exists(vocabulary) && File.Exists(merges))
            return new Tokenizer(VocabularyPairReader.Read(vocabulary, merges), vocabulary);
        throw new TextException("holds no tokenizer; expected tokenizer.json, or vocab.json together with merges.txt", path);
    }

    /// <summary>Writes the tokenizer as <c>tokenizer.json</c> in Hugging Face's format without white space, whole or not at all.</summary>
    /// <param name="path">The file to write; its folder is created when missing.</param>
    public void Save(string path) => AtomicFile.Write(path, stream => stream.Write(_content));

    /// <summary>Number of ids, special tokens included: every id is below it.</summary>
    public int VocabularySize => _bytes.Length;

    /// <summary>The ids of the special tokens.</summary>
    public SpecialTokens Special { get; }

    /// <summary>Whether there is a token with this id; files of others leave ids out.</summary>
    public bool Contains(int id) => (uint)id < (uint)_bytes.Length && _bytes[id] is not null;

    // Whether a token stands for text: no special one, whether by role or by its flag, and no gap.
    internal bool IsText(int id) => Contains(id) && !_special[id] && id != Special.Bos && id != Special.Pad && id != Special.Eos
        && id != Special.Unknown && id != Special.Mask;

    /// <summary>
    /// SHA-256 in lower-case hex of the file that <see cref="Save"/> writes, indented by two spaces. Equal for equal tokenizers;
    /// identifies the tokenizer in manifests.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>
    /// Appends the ids of <paramref name="utf8"/>. Adds no special tokens, but recognises those written in the text.
    /// Allocates nothing in the long run but the growth of the list.
    /// </summary>
    /// <param name="utf8">
    /// UTF-8 text. Bytes that are not UTF-8 are encoded as they are and survive a round trip; Hugging Face's tokenizers
    /// accept no such text, and a caller of theirs who puts U+FFFD in the place of such bytes gets other ids.
    /// </param>
    /// <param name="ids">Receives the ids at its end.</param>
    public void Encode(ReadOnlySpan<byte> utf8, List<int> ids) => EncodeFrom(0, utf8, ids, continues: false);

    // A later part of a text that is encoded in several: what stands at its beginning does not begin the text.
    internal void EncodeRest(ReadOnlySpan<byte> utf8, List<int> ids) => EncodeFrom(0, utf8, ids, continues: true);

    /// <summary>The ids of <paramref name="text"/>, without added special tokens. Lone surrogates count as U+FFFD.</summary>
    public int[] Encode(string text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        Encode(Encoding.UTF8.GetBytes(text), ids);
        return [.. ids];
    }

    /// <summary>The ids of <paramref name="text"/>, in which added tokens, the special ones among them, are not recognised: all of it is
    /// text. Lone surrogates count as U+FFFD.</summary>
    public int[] EncodeText(string text)
    {
        var ids = new List<int>(text.Length / 3 + 4);
        if (text.Length > 0)
            EncodeWords(Encoding.UTF8.GetBytes(text), ids, continues: false);
        return [.. ids];
    }

    /// <summary>The text of <paramref name="ids"/>; bytes that are not UTF-8 become U+FFFD.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leave special tokens out of the text.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecial = true) => Encoding.UTF8.GetString(DecodeBytes(ids, skipSpecial));

    /// <summary>The bytes of <paramref name="ids"/>: exactly what was encoded.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecial">Leave special tokens out.</param>
    /// <exception cref="ArgumentOutOfRangeException">An id is not in the vocabulary.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool skipSpecial = true)
    {
        var bytes = new ArrayBufferWriter<byte>(ids.Length * 4 + 1);
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)_bytes.Length || _bytes[id] is not byte[] token)
                throw new ArgumentOutOfRangeException(nameof(ids), $"there is no token with id {id}; the vocabulary has {_bytes.Length}");
            if (!(skipSpecial && _special[id]))
                bytes.Write(token);
        }
        return bytes.WrittenSpan.ToArray();
    }

    // Added tokens are looked for in as many passes as there are finders; each pass cuts up what the one before left.
    private void EncodeFrom(int pass, ReadOnlySpan<byte> text, List<int> ids, bool continues)
    {
        if (pass == _finders.Length)
        {
            EncodeWords(text, ids, continues);
            return;
        }
        int from = 0, taken = 0;
        AddedToken? token;
        do
        {
            token = _finders[pass].Find(text, ref from, taken, out int start, out int end);
            if (start > taken)
                EncodeFrom(pass + 1, text[taken..start], ids, continues && taken == 0);
            if (token is not null)
                ids.Add(token.Id);
            taken = end;
        }
        while (token is not null);
    }

    private void EncodeWords(ReadOnlySpan<byte> text, List<int> ids, bool continues)
    {
        if (!_addPrefixSpace || continues || text[0] == ' ')
        {
            EncodeEachWord(text, ids);
            return;
        }
        byte[] prefixed = ArrayPool<byte>.Shared.Rent(text.Length + 1);
        prefixed[0] = (byte)' ';
        text.CopyTo(prefixed.AsSpan(1));
        EncodeEachWord(prefixed.AsSpan(0, text.Length + 1), ids);
        ArrayPool<byte>.Shared.Return(prefixed);
    }

    private void EncodeEachWord(ReadOnlySpan<byte> text, List<int> ids)
    {
        while (!text.IsEmpty)
        {
            int length = PreTokenizer.NextLength(text);
            _model.Encode(text[..length], ids);
            text = text[length..];
        }
    }
}
