using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary>One shard of a prepared corpus, mapped into memory. Safe to read from several threads.</summary>
public sealed class TokenShard : IDisposable
{
    private readonly MappedArray<ushort>? _narrow;
    private readonly MappedArray<int>? _wide;
    private readonly MappedArray<long> _offsets;

    internal TokenShard(string folder, ShardRecord record, bool wide)
    {
        Record = record;
        string path = Path.Join(folder, record.Name);
        _offsets = new MappedArray<long>(path + TokenShardWriter.OffsetsExtension, record.Documents + 1);
        try
        {
            if (wide)
                _wide = new MappedArray<int>(path + TokenShardWriter.TokensExtension, record.Tokens);
            else
                _narrow = new MappedArray<ushort>(path + TokenShardWriter.TokensExtension, record.Tokens);
        }
        catch
        {
            _offsets.Dispose();
            throw;
        }
    }

    /// <summary>Number of documents.</summary>
    public long Documents => Record.Documents;

    /// <summary>Number of tokens.</summary>
    public long Tokens => Record.Tokens;

    /// <summary>Whether tokens are stored in four bytes (<see cref="Wide"/>) instead of two (<see cref="Narrow"/>).</summary>
    public bool IsWide => _wide is not null;

    internal ShardRecord Record { get; }

    /// <summary>The first token of <paramref name="document"/>; for <see cref="Documents"/>, the number of tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public long Offset(long document) => _offsets[document];

    /// <summary>Stored tokens of two bytes, without a copy.</summary>
    /// <exception cref="InvalidOperationException">The tokens have four bytes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the shard.</exception>
    public ReadOnlySpan<ushort> Narrow(long start, int length) =>
        (_narrow ?? throw new InvalidOperationException("the shard stores tokens of four bytes")).Slice(start, length);

    /// <summary>Stored tokens of four bytes, without a copy.</summary>
    /// <exception cref="InvalidOperationException">The tokens have two bytes.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not within the shard.</exception>
    public ReadOnlySpan<int> Wide(long start, int length) =>
        (_wide ?? throw new InvalidOperationException("the shard stores tokens of two bytes")).Slice(start, length);

    /// <summary>Copies the tokens from <paramref name="start"/> on, whatever their width.</summary>
    /// <param name="start">First token.</param>
    /// <param name="into">Is filled.</param>
    public void CopyTo(long start, Span<int> into)
    {
        if (IsWide)
        {
            Wide(start, into.Length).CopyTo(into);
            return;
        }
        ReadOnlySpan<ushort> narrow = Narrow(start, into.Length);
        for (int i = 0; i < narrow.Length; i++)
            into[i] = narrow[i];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _narrow?.Dispose();
        _wide?.Dispose();
        _offsets.Dispose();
    }
}
