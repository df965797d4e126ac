namespace Espalier.Text.Tokenization;

/// <summary>
/// Learns merges from word counts (Sennrich et al. 2016, algorithm 1), always the pair that occurs most often; of equally
/// frequent pairs the one whose left token has the lower id, then whose right token has. Counts are kept up to date merge by
/// merge, and for each pair the words are known in which it may occur, so that a merge touches only those.
/// </summary>
internal sealed class MergeLearner
{
    private readonly int[] _symbols;
    private readonly int[] _starts;
    private readonly int[] _lengths;
    private readonly long[] _counts;
    private readonly Dictionary<ulong, Pair> _pairs = [];
    private readonly PriorityQueue<Pair, (long Count, ulong Key)> _queue = new(Comparer<(long Count, ulong Key)>.Create(
        (a, b) => a.Count != b.Count ? b.Count.CompareTo(a.Count) : a.Key.CompareTo(b.Key)));
    private readonly HashSet<Pair> _risen = [];

    private sealed class Pair(ulong key)
    {
        public readonly ulong Key = key;
        public long Count;
        public List<int> Words = [];
        public bool Merged;

        public int Left => (int)(Key >> 32);

        public int Right => (int)Key;
    }

    /// <param name="words">The words and their counts.</param>
    /// <param name="byteIds">The ids of the 256 bytes.</param>
    public MergeLearner(WordTable words, ReadOnlySpan<int> byteIds)
    {
        _symbols = new int[words.ByteCount];
        _starts = new int[words.Count];
        _lengths = new int[words.Count];
        _counts = new long[words.Count];
        int at = 0;
        for (int word = 0; word < words.Count; word++)
        {
            ReadOnlySpan<byte> bytes = words.WordAt(word);
            (_starts[word], _lengths[word], _counts[word]) = (at, bytes.Length, words.CountAt(word));
            foreach (byte value in bytes)
                _symbols[at++] = byteIds[value];
            for (int i = _starts[word]; i + 1 < at; i++)
                Change(_symbols[i], _symbols[i + 1], word, _counts[word]);
        }
        QueueRisen();
    }

    /// <summary>Merges the next pair everywhere.</summary>
    /// <param name="minimumFrequency">A pair rarer than this ends learning.</param>
    /// <param name="idOf">Gives the id for the token that joins two; called once for each new merge.</param>
    /// <param name="merge">The merge.</param>
    /// <returns>False when no pair is frequent enough.</returns>
    public bool TryNext(int minimumFrequency, Func<int, int, int> idOf, out Merge merge)
    {
        while (_queue.TryDequeue(out Pair? pair, out (long Count, ulong Key) priority))
        {
            if (pair.Count != priority.Count)
            {
                // Became rarer, or was queued again, since: a rarer pair takes its place further back.
                if (pair.Count < priority.Count && pair.Count > 0)
                    _queue.Enqueue(pair, (pair.Count, pair.Key));
                continue;
            }
            if (pair.Count < Math.Max(1, minimumFrequency))
                break;
            // Two ways of joining may give one token, whose parts may later meet again: then the rule exists already.
            bool known = pair.Merged;
            merge = new Merge(pair.Left, pair.Right, idOf(pair.Left, pair.Right));
            Apply(pair, merge);
            if (!known)
                return true;
        }
        merge = default;
        return false;
    }

    private void Apply(Pair pair, Merge merge)
    {
        List<int> words = pair.Words;
        (pair.Words, pair.Count, pair.Merged) = ([], 0, true);
        foreach (int word in words)
            ApplyIn(word, merge);
        pair.Count = 0;
        _risen.Remove(pair);
        QueueRisen();
    }

    private void ApplyIn(int word, Merge merge)
    {
        Span<int> symbols = _symbols.AsSpan(_starts[word], _lengths[word]);
        long count = _counts[word];
        int written = 0;
        for (int i = 0; i < symbols.Length; i++, written++)
        {
            if (symbols[i] != merge.Left || i + 1 == symbols.Length || symbols[i + 1] != merge.Right)
            {
                symbols[written] = symbols[i];
                continue;
            }
            if (written > 0)
            {
                Change(symbols[written - 1], merge.Left, word, -count);
                Change(symbols[written - 1], merge.Result, word, count);
            }
            if (i + 2 < symbols.Length)
            {
                Change(merge.Right, symbols[i + 2], word, -count);
                Change(merge.Result, symbols[i + 2], word, count);
            }
            symbols[written] = merge.Result;
            i++;
        }
        _lengths[word] = written;
    }

    private void Change(int left, int right, int word, long change)
    {
        ulong key = ((ulong)(uint)left << 32) | (uint)right;
        if (!_pairs.TryGetValue(key, out Pair? pair))
            _pairs[key] = pair = new Pair(key);
        pair.Count += change;
        if (change < 0)
            return;
        _risen.Add(pair);
        if (pair.Words.Count == 0 || pair.Words[^1] != word)
            pair.Words.Add(word);
    }

    private void QueueRisen()
    {
        foreach (Pair pair in _risen)
            if (pair.Count > 0)
                _queue.Enqueue(pair, (pair.Count, pair.Key));
        _risen.Clear();
    }
}
