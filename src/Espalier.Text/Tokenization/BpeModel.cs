using System.Runtime.InteropServices;

namespace Espalier.Text.Tokenization;

/// <summary>A merge: two neighbouring tokens become one.</summary>
internal readonly record struct Merge(int Left, int Right, int Result);

/// <summary>
/// The vocabulary and its merges. A word starts as its bytes; the pair whose merge was learnt first is merged first, the
/// leftmost where it occurs more than once, until no pair is left that can be.
/// </summary>
internal sealed class BpeModel
{
    // Above this the quadratic search for the best pair gives way to a heap.
    private const int ShortWord = 48;

    private readonly int[] _byteIds = new int[256];
    private readonly IReadOnlyList<Merge> _rules;
    private readonly Dictionary<ulong, int> _merges;
    private readonly IReadOnlyDictionary<string, int>? _wholeWords;
    private readonly WordCache _cache = new();

    public BpeModel(Vocabulary vocabulary)
    {
        _rules = vocabulary.Merges;
        for (int value = 0; value < 256; value++)
            _byteIds[value] = vocabulary.Tokens[ByteAlphabet.Write([(byte)value])];
        _merges = new(_rules.Count);
        // A pair listed twice has the rank of its last place, as in Hugging Face's reader.
        for (int rank = 0; rank < _rules.Count; rank++)
            _merges[Key(_rules[rank].Left, _rules[rank].Right)] = rank;
        if (vocabulary.WholeWordsFirst)
            _wholeWords = vocabulary.Tokens;
    }

    /// <summary>Appends the ids of one pre-tokenized word.</summary>
    public void Encode(ReadOnlySpan<byte> word, List<int> ids)
    {
        if (word.Length > WordCache.LongestWord)
        {
            EncodeUncached(word, ids);
            return;
        }
        ulong hash = WordCache.Hash(word);
        if (_cache.Find(word, hash) is { } known)
        {
            if (known.Length == 1)
                ids.Add(known[0]);
            else
                ids.AddRange(known.AsSpan());
            return;
        }
        int before = ids.Count;
        EncodeUncached(word, ids);
        _cache.Add(word, hash, CollectionsMarshal.AsSpan(ids)[before..]);
    }

    private void EncodeUncached(ReadOnlySpan<byte> word, List<int> ids)
    {
        if (_wholeWords is not null && _wholeWords.TryGetValue(ByteAlphabet.Write(word), out int whole))
            ids.Add(whole);
        else if (word.Length <= ShortWord)
            MergeShort(word, ids);
        else
            LongWordMerger.ForThisThread.Merge(this, word, ids);
    }

    internal int IdOf(byte value) => _byteIds[value];

    internal int ResultOf(int rank) => _rules[rank].Result;

    /// <summary>The rank of the merge of two tokens: lower is sooner, <see cref="int.MaxValue"/> is never.</summary>
    internal int RankOf(int left, int right) => _merges.TryGetValue(Key(left, right), out int rank) ? rank : int.MaxValue;

    private void MergeShort(ReadOnlySpan<byte> word, List<int> ids)
    {
        Span<int> symbols = stackalloc int[ShortWord];
        Span<int> ranks = stackalloc int[ShortWord];
        int count = word.Length;
        for (int i = 0; i < count; i++)
            symbols[i] = _byteIds[word[i]];
        for (int i = 0; i < count; i++)
            ranks[i] = RankAt(symbols[..count], i);
        while (true)
        {
            int best = 0;
            for (int i = 1; i < count; i++)
                if (ranks[i] < ranks[best])
                    best = i;
            if (ranks[best] == int.MaxValue)
                break;
            symbols[best] = ResultOf(ranks[best]);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            ranks[(best + 2)..count].CopyTo(ranks[(best + 1)..]);
            count--;
            ranks[best] = RankAt(symbols[..count], best);
            if (best > 0)
                ranks[best - 1] = RankAt(symbols[..count], best - 1);
        }
        ids.AddRange(symbols[..count]);
    }

    private int RankAt(ReadOnlySpan<int> symbols, int i) => i + 1 < symbols.Length ? RankOf(symbols[i], symbols[i + 1]) : int.MaxValue;

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;
}
