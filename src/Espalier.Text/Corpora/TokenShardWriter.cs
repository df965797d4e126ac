using System.Runtime.InteropServices;
using Espalier.Text.Files;

namespace Espalier.Text.Corpora;

/// <summary>Writes one part of a prepared corpus as shards; a document never straddles two.</summary>
/// <param name="folder">Where the shards go.</param>
/// <param name="name">The part's name, with which file names begin.</param>
/// <param name="wide">Whether tokens need four bytes; else two.</param>
/// <param name="shardTokens">A shard is closed at the end of the document that brings it to this many tokens.</param>
internal sealed class TokenShardWriter(string folder, string name, bool wide, long shardTokens) : IDisposable
{
    public const string TokensExtension = ".tokens", OffsetsExtension = ".offsets";
    private readonly List<ShardRecord> _shards = [];
    private readonly List<ushort> _narrow = [];
    private HashedFile? _tokens, _offsets;
    private long _tokensInShard, _documentsInShard;

    public void Append(ReadOnlySpan<int> ids)
    {
        Open();
        _tokensInShard += ids.Length;
        if (wide)
        {
            _tokens!.Write(ids);
            return;
        }
        CollectionsMarshal.SetCount(_narrow, ids.Length);
        Span<ushort> narrow = CollectionsMarshal.AsSpan(_narrow);
        for (int i = 0; i < ids.Length; i++)
            narrow[i] = checked((ushort)ids[i]);
        _tokens!.Write<ushort>(narrow);
    }

    public void EndDocument()
    {
        Open();
        _documentsInShard++;
        _offsets!.Write<long>([_tokensInShard]);
        if (_tokensInShard >= shardTokens)
            CloseShard();
    }

    public SplitRecord Complete()
    {
        CloseShard();
        return new SplitRecord(_shards.Sum(shard => shard.Documents), _shards.Sum(shard => shard.Tokens), _shards);
    }

    public void Dispose()
    {
        _tokens?.Dispose();
        _offsets?.Dispose();
    }

    private string NameOfShard => $"{name}-{_shards.Count:D5}";

    private void Open()
    {
        if (_tokens is not null)
            return;
        _tokens = new HashedFile(Path.Join(folder, NameOfShard + TokensExtension));
        _offsets = new HashedFile(Path.Join(folder, NameOfShard + OffsetsExtension));
        _offsets.Write<long>([0]);
    }

    private void CloseShard()
    {
        if (_tokens is null)
            return;
        _shards.Add(new ShardRecord(NameOfShard, _documentsInShard, _tokensInShard, _tokens.Complete(), _offsets!.Complete()));
        Dispose();
        (_tokens, _offsets) = (null, null);
        (_tokensInShard, _documentsInShard) = (0, 0);
    }
}
