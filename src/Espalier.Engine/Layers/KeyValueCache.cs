using System.Buffers;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Layers;

/// <summary>
/// Queries, keys and values of one layer for every token decoded so far (3H a token; the queries only fill their place).
/// Rows of a hypothesis lie together, so that attention sees each as a sequence.
/// </summary>
internal sealed class KeyValueCache(Device device, int hidden) : IDisposable
{
    private DeviceMemory _current = new(device, 0);
    private DeviceMemory _next = new(device, 0);
    private int[] _parents = [];
    private int _rows;

    /// <summary>Tokens that each hypothesis has.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// Says which hypothesis of the step before each one of the coming step goes on from: beams are reordered and finished
    /// ones dropped. None given, each goes on from itself.
    /// </summary>
    /// <exception cref="ArgumentException">There are not as many parents as hypotheses, or one does not exist.</exception>
    public void Continue(ReadOnlySpan<int> parents, int hypotheses)
    {
        int before = Length == 0 ? hypotheses : _rows / Length;
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

    /// <summary>Adds a row to each hypothesis and returns all rows, valid until the next call, with their offsets.</summary>
    public (Tensor Rows, Sequences Keys) Append(Tape tape, Tensor newB3H)
    {
        int hypotheses = newB3H.Shape.Rows, width = 3 * hidden, rows = hypotheses * (Length + 1);
        int[] order = ArrayPool<int>.Shared.Rent(rows), offsets = ArrayPool<int>.Shared.Rent(hypotheses + 1);
        offsets[0] = 0;
        for (int b = 0; b < hypotheses; b++)
        {
            int parent = _parents.Length == 0 ? b : _parents[b];
            for (int t = 0; t < Length; t++)
            {
                order[(b * (Length + 1)) + t] = (parent * Length) + t;
            }

            order[(b * (Length + 1)) + Length] = _rows + b;
            offsets[b + 1] = (b + 1) * (Length + 1);
        }

        // Behind the rows that are there lie the new ones; both are gathered into the other buffer in the new order.
        Reserve(ref _current, (long)(_rows + hypotheses) * width, keep: (long)_rows * width);
        Reserve(ref _next, (long)rows * width, keep: 0);
        DeviceSpan<float> all = _current.Span<float>();
        device.Kernels.Scale(newB3H.Data, 1, all.Slice((long)_rows * width, newB3H.Shape.Count));
        var result = new Tensor { Shape = Shape.Matrix(rows, width), Data = _next.Span<float>().Slice(0, (long)rows * width) };
        device.Kernels.GatherRows(tape.Upload(order.AsSpan(0, rows)), width, all, result.Data);
        (_current, _next) = (_next, _current);
        _rows = rows;
        Length++;
        _parents = [];
        Sequences keys = Sequences.Upload(tape, offsets.AsSpan(0, hypotheses + 1), rows);
        ArrayPool<int>.Shared.Return(order);
        ArrayPool<int>.Shared.Return(offsets);
        return (result, keys);
    }

    public void Dispose()
    {
        _current.Dispose();
        _next.Dispose();
    }

    private void Reserve(ref DeviceMemory memory, long floats, long keep)
    {
        if (memory.Bytes >= floats * sizeof(float))
        {
            return;
        }

        var larger = new DeviceMemory(device, Math.Max(floats * sizeof(float), 2 * memory.Bytes));
        if (keep > 0)
        {
            device.Kernels.Scale(memory.Span<float>().Slice(0, keep), 1, larger.Span<float>().Slice(0, keep));
        }

        memory.Dispose();
        memory = larger;
    }
}
