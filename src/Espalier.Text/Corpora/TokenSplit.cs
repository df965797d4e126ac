namespace Espalier.Text.Corpora;

/// <summary>
/// One part of a prepared corpus: its documents, and the same as one long stream in which a separator follows each
/// document. The separators are not stored; they appear where the offsets say. Safe to read from several threads.
/// </summary>
public sealed class TokenSplit : IDisposable
{
    private readonly TokenShard[] _shards;
    private readonly long[] _streamStart;   // of each shard, and the length of the whole
    private readonly long[] _firstDocument; // of each shard, and the number of all

    internal TokenSplit(string folder, SplitRecord record, bool wide)
    {
        var shards = new List<TokenShard>();
        try
        {
            foreach (ShardRecord shard in record.Shards)
                shards.Add(new TokenShard(folder, shard, wide));
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
        _shards = [.. shards];
        _streamStart = new long[_shards.Length + 1];
        _firstDocument = new long[_shards.Length + 1];
        for (int i = 0; i < _shards.Length; i++)
        {
            _streamStart[i + 1] = _streamStart[i] + _shards[i].Tokens + _shards[i].Documents;
            _firstDocument[i + 1] = _firstDocument[i] + _shards[i].Documents;
        }
    }

    /// <summary>The files, in order.</summary>
    public IReadOnlyList<TokenShard> Shards => _shards;

    /// <summary>Number of documents.</summary>
    public long Documents => _firstDocument[^1];

    /// <summary>Number of tokens, separators not counted.</summary>
    public long Tokens => StreamLength - Documents;

    /// <summary>Number of tokens with one separator after each document.</summary>
    public long StreamLength => _streamStart[^1];

    /// <summary>Number of tokens of a document.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public long LengthOf(long document)
    {
        (TokenShard shard, long local) = Find(document);
        return shard.Offset(local + 1) - shard.Offset(local);
    }

    /// <summary>Copies the first tokens of a document.</summary>
    /// <param name="document">Which.</param>
    /// <param name="into">Is filled; not longer than the document.</param>
    public void CopyDocument(long document, Span<int> into)
    {
        (TokenShard shard, long local) = Find(document);
        shard.CopyTo(shard.Offset(local), into);
    }

    /// <summary>Copies a part of the stream.</summary>
    /// <param name="start">Where to begin, from 0; a separator counts as one token.</param>
    /// <param name="into">Is filled.</param>
    /// <param name="separator">What stands after each document.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the stream.</exception>
    public void CopyStream(long start, Span<int> into, int separator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start, StreamLength - into.Length);
        int index = IndexOf(_streamStart, start);
        for (; into.Length > 0; index++)
        {
            int part = (int)Math.Min(into.Length, _streamStart[index + 1] - start);
            CopyStream(_shards[index], start - _streamStart[index], into[..part], separator);
            into = into[part..];
            start += part;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TokenShard shard in _shards)
            shard.Dispose();
    }

    private static void CopyStream(TokenShard shard, long start, Span<int> into, int separator)
    {
        // Document d begins at Offset(d) + d of the stream. Find the last that begins at or before start.
        long low = 0, high = shard.Documents - 1;
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            if (shard.Offset(middle) + middle <= start)
                low = middle;
            else
                high = middle - 1;
        }
        for (long document = low; into.Length > 0; document++)
        {
            long token = start - document;
            int part = (int)Math.Min(into.Length, shard.Offset(document + 1) - token);
            shard.CopyTo(token, into[..part]);
            if (part < into.Length)
                into[part++] = separator;
            into = into[part..];
            start += part;
        }
    }

    private (TokenShard Shard, long Local) Find(long document)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((ulong)document, (ulong)Documents);
        int index = IndexOf(_firstDocument, document);
        return (_shards[index], document - _firstDocument[index]);
    }

    private static int IndexOf(long[] starts, long value)
    {
        int found = Array.BinarySearch(starts, value);
        return found >= 0 ? found : ~found - 1;
    }
}
