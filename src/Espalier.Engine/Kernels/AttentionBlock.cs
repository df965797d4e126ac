namespace Espalier.Engine.Kernels;

/// <summary>Where the rows of one head of one sequence lie.</summary>
internal readonly unsafe struct AttentionBlock
{
    private readonly AttentionArguments _arguments;
    private readonly int _firstQuery, _firstKey, _head;

    public AttentionBlock(in AttentionArguments arguments, int sequence, int head)
    {
        _arguments = arguments;
        _head = head;
        _firstQuery = arguments.QueryOffsets.Pointer[sequence];
        _firstKey = arguments.KeyOffsets.Pointer[sequence];
        Queries = arguments.QueryOffsets.Pointer[sequence + 1] - _firstQuery;
        Keys = arguments.KeyOffsets.Pointer[sequence + 1] - _firstKey;
    }

    /// <summary>Queries of the sequence.</summary>
    public int Queries { get; }

    /// <summary>Keys of the sequence.</summary>
    public int Keys { get; }

    /// <summary>How many keys query i sees.</summary>
    public int Seen(int i) => _arguments.Causal ? i + Keys - Queries + 1 : Keys;

    /// <summary>First element of query i in Q.</summary>
    public long AtQ(int i) => ((long)(_firstQuery + i) * _arguments.LdQ) + (_head * _arguments.HeadSize);

    /// <summary>First element of key j in K and V.</summary>
    public long AtKV(int j) => ((long)(_firstKey + j) * _arguments.LdKV) + (_head * _arguments.HeadSize);

    /// <summary>First element of query i in O.</summary>
    public long AtO(int i) => (long)MaskRow(i) * _arguments.HeadSize;

    /// <summary>The dropout mask's row of query i, and its place in the log-sum-exp.</summary>
    public int MaskRow(int i) => ((_firstQuery + i) * _arguments.Heads) + _head;
}
