namespace Espalier.Text.Tokenization;

/// <summary>Distinct words and how often each occurred. The bytes of all words lie end to end in one array.</summary>
internal sealed class WordTable
{
    private int[] _slots = new int[1 << 12];
    private Entry[] _entries = new Entry[1 << 11];
    private byte[] _bytes = new byte[1 << 14];

    private struct Entry
    {
        public ulong Hash;
        public int Start;
        public int Length;
        public long Count;
    }

    /// <summary>Distinct words.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all distinct words together.</summary>
    public int ByteCount { get; private set; }

    public ReadOnlySpan<byte> WordAt(int index) => _bytes.AsSpan(_entries[index].Start, _entries[index].Length);

    public long CountAt(int index) => _entries[index].Count;

    public void Add(ReadOnlySpan<byte> word, long times) => Add(word, WordCache.Hash(word), times);

    public void Add(WordTable other)
    {
        for (int i = 0; i < other.Count; i++)
            Add(other.WordAt(i), other._entries[i].Hash, other._entries[i].Count);
    }

    public void Clear()
    {
        Array.Clear(_slots);
        Count = ByteCount = 0;
    }

    /// <summary>
    /// Forgets the rarest words until at most the given numbers of words and bytes are left: all that occurred once, then
    /// all that occurred twice, and so on. Which words go depends on their counts alone.
    /// </summary>
    /// <returns>Occurrences forgotten.</returns>
    public long ForgetRarest(int words, int bytes)
    {
        var kinds = new SortedDictionary<long, (int Words, int Bytes)>();
        for (int i = 0; i < Count; i++)
        {
            kinds.TryGetValue(_entries[i].Count, out (int Words, int Bytes) kind);
            kinds[_entries[i].Count] = (kind.Words + 1, kind.Bytes + _entries[i].Length);
        }
        (int wordsLeft, int bytesLeft, long threshold, long forgotten) = (Count, ByteCount, 0, 0);
        foreach ((long count, (int Words, int Bytes) kind) in kinds)
        {
            if (wordsLeft <= words && bytesLeft <= bytes)
                break;
            (wordsLeft, bytesLeft, threshold) = (wordsLeft - kind.Words, bytesLeft - kind.Bytes, count);
            forgotten += count * kind.Words;
        }
        (Entry[] entries, byte[] all, int before) = (_entries, _bytes, Count);
        (_entries, _bytes) = (new Entry[entries.Length], new byte[all.Length]);
        Clear();
        for (int i = 0; i < before; i++)
            if (entries[i].Count > threshold)
                Add(all.AsSpan(entries[i].Start, entries[i].Length), entries[i].Hash, entries[i].Count);
        return forgotten;
    }

    private void Add(ReadOnlySpan<byte> word, ulong hash, long times)
    {
        int mask = _slots.Length - 1;
        int slot = (int)(hash >> 32) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
        {
            ref Entry entry = ref _entries[_slots[slot] - 1];
            if (entry.Hash != hash || !word.SequenceEqual(_bytes.AsSpan(entry.Start, entry.Length)))
                continue;
            entry.Count += times;
            return;
        }
        if (Count == _entries.Length)
            Array.Resize(ref _entries, Count * 2);
        if (ByteCount + word.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, ByteCount + word.Length));
        word.CopyTo(_bytes.AsSpan(ByteCount));
        _entries[Count] = new Entry { Hash = hash, Start = ByteCount, Length = word.Length, Count = times };
        ByteCount += word.Length;
        _slots[slot] = ++Count;
        if (Count * 2 > _slots.Length)
            Grow();
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            int slot = (int)(_entries[i].Hash >> 32) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = i + 1;
        }
    }
}
