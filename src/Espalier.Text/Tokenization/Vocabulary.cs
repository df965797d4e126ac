using System.Text;

namespace Espalier.Text.Tokenization;

/// <summary>
/// Everything that defines a tokenizer, as files hold it: tokens written in <see cref="ByteAlphabet"/>, merges, added
/// tokens. Built by a reader or by training; checked once, here.
/// </summary>
/// <param name="Tokens">Token to id, without added tokens that are not in the model's own vocabulary.</param>
/// <param name="Merges">The merges in the order learnt.</param>
/// <param name="Added">The tokens looked for in the text as written.</param>
internal sealed record Vocabulary(IReadOnlyDictionary<string, int> Tokens, IReadOnlyList<Merge> Merges, IReadOnlyList<AddedToken> Added)
{
    /// <summary>Begin text with a space, so that its first word is like any other.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Take a word that is a token as that token, whatever the merges say.</summary>
    public bool WholeWordsFirst { get; init; }

    /// <summary>Finds the roles by their names, after checking that ids are unique and every byte has a token.</summary>
    /// <param name="file">The file to name when something is wrong.</param>
    public SpecialTokens FindSpecialTokens(string? file)
    {
        var names = new Dictionary<int, string>();
        IEnumerable<(string Token, int Id)> all = Tokens.Select(entry => (entry.Key, entry.Value))
            .Concat(Added.Select(token => (token.Content, token.Id)));
        var ids = new Dictionary<string, int>();
        foreach ((string token, int id) in all)
        {
            if (id is < 0 or > MaximumId)
                throw new TextException($"token {token} has id {id}; ids lie between 0 and {MaximumId}", file);
            if (names.TryGetValue(id, out string? other) && other != token)
                throw new TextException($"tokens {other} and {token} share id {id}", file);
            if (ids.TryGetValue(token, out int otherId) && otherId != id)
                throw new TextException($"token {token} has two ids, {otherId} and {id}", file);
            (names[id], ids[token]) = (token, id);
        }
        string[] missing = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.Write([(byte)value])).Where(symbol => !Tokens.ContainsKey(symbol))];
        if (missing.Length > 0)
            throw new TextException($"{missing.Length} of the 256 bytes have no token (the first is {missing[0]}): text would lose them. "
                + "Expected a byte-level BPE vocabulary trained with the whole byte alphabet", file);
        return new SpecialTokens(Role("<s>"), Role("<pad>"), Role("</s>"), Role("<unk>"), Role("<mask>"));

        int Role(string name) => ids.TryGetValue(name, out int id) ? id : throw new TextException(
            $"has no token {name}; expected RoBERTa's special tokens <s>, <pad>, </s>, <unk>, <mask>", file);
    }

    /// <summary>Bytes by id, null where there is no such id.</summary>
    public byte[]?[] BytesById()
    {
        int size = Tokens.Values.Concat(Added.Select(token => token.Id)).Max() + 1;
        byte[]?[] bytes = new byte[]?[size];
        foreach ((string token, int id) in Tokens)
            bytes[id] = ByteAlphabet.Read(token);
        foreach (AddedToken token in Added)
            bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        return bytes;
    }

    /// <summary>RoBERTa's special tokens with its flags.</summary>
    public static IReadOnlyList<AddedToken> RobertaTokens(int bos, int pad, int eos, int unknown, int mask) =>
    [
        new(bos, "<s>"), new(pad, "<pad>"), new(eos, "</s>"), new(unknown, "<unk>"), new(mask, "<mask>", LeftStrip: true),
    ];

    // Far above any vocabulary; keeps a damaged file from asking for a table of billions.
    private const int MaximumId = 1 << 24;
}
