namespace Espalier.Text.Tokenization;

/// <summary>
/// Merges words of any length in O(n log n): a linked list of symbols and a heap of the merges that wait. Keeps its
/// buffers between words, so a thread that goes on encoding allocates nothing.
/// </summary>
internal sealed class LongWordMerger
{
    // A word beyond this is a rare event, whose buffers are not worth keeping.
    private const int LongestKept = 1 << 16;

    [ThreadStatic]
    private static LongWordMerger? t_instance;

    private readonly PriorityQueue<int, ulong> _waiting = new();
    private int[] _symbols = [];
    private int[] _next = [];
    private int[] _previous = [];

    public static LongWordMerger ForThisThread => t_instance ??= new LongWordMerger();

    public void Merge(BpeModel model, ReadOnlySpan<byte> word, List<int> ids)
    {
        int length = word.Length;
        if (_symbols.Length < length)
            (_symbols, _next, _previous) = (new int[length], new int[length], new int[length]);
        for (int i = 0; i < length; i++)
            (_symbols[i], _next[i], _previous[i]) = (model.IdOf(word[i]), i + 1 < length ? i + 1 : -1, i - 1);
        for (int i = 0; i < length; i++)
            Enqueue(model, i);

        // The priority is the rank, then the position; an entry whose pair has changed since is stale and skipped.
        while (_waiting.TryDequeue(out int at, out ulong priority))
        {
            int right = _next[at];
            int rank = (int)(priority >> 32);
            if (_symbols[at] < 0 || right < 0 || model.RankOf(_symbols[at], _symbols[right]) != rank)
                continue;
            _symbols[at] = model.ResultOf(rank);
            _symbols[right] = -1;
            _next[at] = _next[right];
            if (_next[at] >= 0)
                _previous[_next[at]] = at;
            Enqueue(model, at);
            if (_previous[at] >= 0)
                Enqueue(model, _previous[at]);
        }

        for (int at = 0; at >= 0; at = _next[at])
            ids.Add(_symbols[at]);
        if (length > LongestKept)
            t_instance = null;
    }

    private void Enqueue(BpeModel model, int at)
    {
        if (_next[at] is >= 0 and int right && model.RankOf(_symbols[at], _symbols[right]) is < int.MaxValue and int rank)
            _waiting.Enqueue(at, ((ulong)rank << 32) | (uint)at);
    }
}
