using Espalier.Text.Randomness;

namespace Espalier.Text.Batching;

/// <summary>
/// Which sequences form which batch of one pass. Shuffled, sequences are permuted, sorted by length within windows of some
/// fifty batches, cut into batches, and the batches permuted: a batch has similar lengths, and yet each pass another content.
/// </summary>
internal sealed class EpochPlan
{
    private const int BatchesInWindow = 50;
    private readonly int[] _order;
    private readonly List<int> _starts = [];
    private readonly SeededPermutation? _batchOrder;

    public EpochPlan(ReadOnlySpan<int> lengths, SequenceBatchOptions options, ulong seed, long epoch)
    {
        _order = options.Shuffle ? GroupByLength(lengths, options, seed, epoch) : [.. Enumerable.Range(0, lengths.Length)];
        int sequences = 0;
        long tokens = 0;
        for (int i = 0; i < _order.Length; i++)
        {
            int length = lengths[_order[i]];
            if (i == 0 || sequences == options.BatchSequences || tokens + length > options.BatchTokens)
            {
                _starts.Add(i);
                (sequences, tokens) = (0, 0);
            }
            sequences++;
            tokens += length;
        }
        if (options.Shuffle)
            _batchOrder = new SeededPermutation(_starts.Count, seed, Purpose.BatchOrder, epoch);
    }

    public int BatchCount => _starts.Count;

    /// <summary>The sequences of a batch.</summary>
    public ReadOnlySpan<int> Batch(long index)
    {
        int batch = (int)(_batchOrder?[index] ?? index);
        int end = batch + 1 < _starts.Count ? _starts[batch + 1] : _order.Length;
        return _order.AsSpan(_starts[batch]..end);
    }

    private static int[] GroupByLength(ReadOnlySpan<int> lengths, SequenceBatchOptions options, ulong seed, long epoch)
    {
        int count = lengths.Length;
        var permutation = new SeededPermutation(count, seed, Purpose.Shuffle, epoch);
        int[] order = new int[count];
        long[] keys = new long[count];
        long tokens = 0;
        for (int i = 0; i < count; i++)
        {
            order[i] = (int)permutation[i];
            // Equal lengths keep their permuted order.
            keys[i] = ((long)lengths[order[i]] << 32) | (uint)i;
            tokens += lengths[i];
        }
        long sequencesOfBatch = options.BatchSequences ?? int.MaxValue;
        if (options.BatchTokens is { } budget)
            sequencesOfBatch = Math.Min(sequencesOfBatch, Math.Max(1, budget * (long)count / Math.Max(1, tokens)));
        int window = (int)Math.Min(count, sequencesOfBatch * BatchesInWindow);
        for (int start = 0; start < count; start += window)
            Array.Sort(keys, order, start, Math.Min(window, count - start));
        return order;
    }
}
