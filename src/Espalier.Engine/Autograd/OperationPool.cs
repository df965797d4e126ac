namespace Espalier.Engine.Autograd;

/// <summary>Entries of the tape by type, used again each step.</summary>
internal sealed class OperationPool
{
    private static int _types;
    private readonly List<List<Operation>> _entries = [];
    private readonly List<int> _used = [];

    public TOperation Rent<TOperation>()
        where TOperation : Operation, new()
    {
        int type = TypeNumber<TOperation>.Value;
        while (_entries.Count <= type)
        {
            _entries.Add([]);
            _used.Add(0);
        }

        List<Operation> entries = _entries[type];
        if (_used[type] == entries.Count)
        {
            entries.Add(new TOperation());
        }

        return (TOperation)entries[_used[type]++];
    }

    public void Reset()
    {
        for (int i = 0; i < _used.Count; i++)
        {
            _used[i] = 0;
        }
    }

    private static class TypeNumber<TOperation>
    {
        public static readonly int Value = Interlocked.Increment(ref _types) - 1;
    }
}
