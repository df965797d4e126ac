using System.Buffers;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Layers;

/// <summary>
/// Keys and values of one layer for every token decoded so far (2H a token). Each hypothesis has a stretch of rows with room to
/// grow, so that a step adds its rows where they belong and moves nothing; rows move only where beams change places or a stretch
/// is full.
/// </summary>
/// <remarks>Rows that no token fills yet are zero, and behind the last stretch there is one more that is zero always: whatever a
/// stretch needs is gathered from what is there.</remarks>
internal sealed class KeyValueCache(Device device, int hidden) : IDisposable
{
    private const int FirstCapacity = 16;

    private DeviceMemory _current = new(device, 0);
    private DeviceMemory _next = new(device, 0);
    private int[] _parents = [];
    private int _hypotheses;
    private int _capacity;

    /// <summary>Tokens that each hypothesis has.</summary>
    public int Length { get; private set; }

    private int Width => 2 * hidden;

    /// <summary>
    /// Says which hypothesis of the step before each one of the coming step goes on from: beams are reordered and finished
    /// ones dropped. None given, each goes on from itself.
    /// </summary>
    /// <exception cref="ArgumentException">There are not as many parents as hypotheses, or one does not exist.</exception>
    public void Continue(ReadOnlySpan<int> parents, int hypotheses)
    {
        int before = Length == 0 ? hypotheses : _hypotheses;
        if (parents.IsEmpty ? hypotheses != before : parents.Length != hypotheses)
        {
            throw new ArgumentException($"{parents.Length} parents for {hypotheses} hypotheses after {before}");
        }

        foreach (int parent in parents)
        {
            if ((uint)parent >= (uint)before)
            {
                throw new ArgumentException($"parent {parent}; expected 0 to {before - 1}");
            }
        }

        _parents = parents.ToArray();
    }

    /// <summary>Adds a row to each hypothesis.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="newB3H">Queries, keys and values of the new tokens.</param>
    /// <returns>All rows, and which of them each new token looks at. Rows without a token are sequences without a query.</returns>
    public (Tensor Rows, Sequences Queries, Sequences Keys) Append(Tape tape, Tensor newB3H)
    {
        int hypotheses = newB3H.Shape.Rows;
        if (Length == 0 || Length == _capacity || !EachGoesOnFromItself(hypotheses))
        {
            Rearrange(tape, hypotheses);
        }

        AddRows(tape, newB3H);
        Length++;
        _parents = [];
        int[] queries = ArrayPool<int>.Shared.Rent((2 * hypotheses) + 1), keys = ArrayPool<int>.Shared.Rent((2 * hypotheses) + 1);
        (queries[0], keys[0]) = (0, 0);
        for (int b = 0; b < hypotheses; b++)
        {
            queries[(2 * b) + 1] = queries[(2 * b) + 2] = b + 1;
            keys[(2 * b) + 1] = (b * _capacity) + Length;
            keys[(2 * b) + 2] = (b + 1) * _capacity;
        }

        int rows = hypotheses * _capacity;
        var result = (
            new Tensor { Shape = Shape.Matrix(rows, Width), Data = _current.Span<float>().Slice(0, (long)rows * Width) },
            Sequences.Upload(tape, queries.AsSpan(0, (2 * hypotheses) + 1), hypotheses),
            Sequences.Upload(tape, keys.AsSpan(0, (2 * hypotheses) + 1), rows));
        ArrayPool<int>.Shared.Return(queries);
        ArrayPool<int>.Shared.Return(keys);
        return result;
    }

    public void Dispose()
    {
        _current.Dispose();
        _next.Dispose();
    }

    private bool EachGoesOnFromItself(int hypotheses)
    {
        for (int b = 0; b < _parents.Length; b++)
        {
            if (_parents[b] != b)
            {
                return false;
            }
        }

        return hypotheses == _hypotheses;
    }

    /// <summary>Gives each hypothesis its parent's rows, and room for one more.</summary>
    private void Rearrange(Tape tape, int hypotheses)
    {
        int capacity = Length < _capacity ? _capacity : Math.Max(FirstCapacity, 2 * _capacity), rows = (hypotheses * capacity) + 1;
        Reserve(ref _next, (long)rows * Width);
        if (Length == 0)
        {
            device.Kernels.Fill(_next.Span<float>(), 0);
        }
        else
        {
            int[] order = ArrayPool<int>.Shared.Rent(rows);
            order.AsSpan(0, rows).Fill(_hypotheses * _capacity);
            for (int b = 0; b < hypotheses; b++)
            {
                int parent = _parents.Length == 0 ? b : _parents[b];
                for (int t = 0; t < Length; t++)
                {
                    order[(b * capacity) + t] = (parent * _capacity) + t;
                }
            }

            long before = ((long)_hypotheses * _capacity) + 1;
            device.Kernels.GatherRows(
                tape.Upload(order.AsSpan(0, rows)), Width, _current.Span<float>().Slice(0, before * Width),
                _next.Span<float>().Slice(0, (long)rows * Width));
            ArrayPool<int>.Shared.Return(order);
        }

        (_current, _next, _hypotheses, _capacity) = (_next, _current, hypotheses, capacity);
    }

    // Seen as rows of H there are three new ones for each hypothesis, of which the last two are its key and its value.
    private void AddRows(Tape tape, Tensor newB3H)
    {
        int count = 2 * _hypotheses;
        int[] from = ArrayPool<int>.Shared.Rent(Math.Max(1, count)), to = ArrayPool<int>.Shared.Rent(Math.Max(1, count));
        for (int b = 0; b < _hypotheses; b++)
        {
            int row = (b * _capacity) + Length;
            (from[2 * b], from[(2 * b) + 1]) = ((3 * b) + 1, (3 * b) + 2);
            (to[2 * b], to[(2 * b) + 1]) = (2 * row, (2 * row) + 1);
        }

        Tensor keysAndValues = tape.New(Shape.Matrix(count, hidden));
        device.Kernels.GatherRows(tape.Upload(from.AsSpan(0, count)), hidden, newB3H.Data, keysAndValues.Data);
        device.Kernels.ScatterAddRows(tape.Upload(to.AsSpan(0, count)), hidden, keysAndValues.Data, _current.Span<float>());
        ArrayPool<int>.Shared.Return(from);
        ArrayPool<int>.Shared.Return(to);
    }

    private void Reserve(ref DeviceMemory memory, long floats)
    {
        if (memory.Bytes < floats * sizeof(float))
        {
            long bytes = Math.Max(floats * sizeof(float), 2 * memory.Bytes);
            memory.Dispose();
            memory = new DeviceMemory(device, bytes);
        }
    }
}
