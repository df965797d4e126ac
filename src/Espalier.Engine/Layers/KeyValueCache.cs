using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Layers;

/// <summary>
/// Keys and values of every layer for every token decoded so far (2H a token). Each hypothesis has two stretches of rows with room to
/// grow, of which it fills one. Where a beam goes on from another hypothesis, that one's rows are copied into the stretch that is free;
/// all others stay where they are, and a step adds its rows where they belong.
/// </summary>
/// <remarks>What is copied where is the same in all layers: it is worked out once a step. Rows that no token fills are never
/// looked at: they belong to sequences without a query.</remarks>
internal sealed class KeyValueCache(Device device, int layers, int hidden) : IDisposable
{
    private const int FirstCapacity = 16;

    private readonly DeviceMemory[] _rows = [.. Enumerable.Range(0, layers).Select(_ => new DeviceMemory(device, 0))];

    // Of each hypothesis, the stretch that it fills: 2b or 2b + 1.
    private int[] _stretches = [];
    private int _room;
    private int _capacity;
    private StepPlan _plan;

    /// <summary>Tokens that each hypothesis has.</summary>
    public int Length { get; private set; }

    private int Width => 2 * hidden;

    /// <summary>
    /// Says which hypothesis of the step before each one of the coming step goes on from: beams are reordered and finished
    /// ones dropped. None given, each goes on from itself. Nothing is changed before the first layer's rows come.
    /// </summary>
    /// <param name="tape">The step.</param>
    /// <param name="parents">The parent of each hypothesis, or none.</param>
    /// <param name="hypotheses">How many there are now.</param>
    /// <exception cref="ArgumentException">There are not as many parents as hypotheses, or one does not exist.</exception>
    public void Continue(Tape tape, ReadOnlySpan<int> parents, int hypotheses)
    {
        int before = Length == 0 ? hypotheses : _stretches.Length;
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

        _plan = Plan(tape, parents, hypotheses);
    }

    /// <summary>Adds a row to each hypothesis; layers come in their order.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="newB3H">Queries, keys and values of the new tokens.</param>
    /// <returns>All rows, and which of them each new token looks at.</returns>
    public (Tensor Rows, Sequences Queries, Sequences Keys) Append(int layer, Tensor newB3H)
    {
        int hypotheses = newB3H.Shape.Rows;
        if (layer == 0)
        {
            (_stretches, _room, _capacity, Length) = (_plan.Stretches, _plan.Room, _plan.Capacity, Length + 1);
        }

        CopyParents(layer);

        // Seen as rows of H there are three new ones for each hypothesis, of which the last two are its key and its value.
        device.Kernels.CopyRows(_plan.NewFrom, _plan.NewTo, hidden, newB3H.Data, _rows[layer].Span<float>());
        int rows = 2 * hypotheses * _capacity;
        var all = new Tensor { Shape = Shape.Matrix(rows, Width), Data = _rows[layer].Span<float>().Slice(0, (long)rows * Width) };
        return (all, _plan.Queries, _plan.Keys);
    }

    public void Dispose()
    {
        foreach (DeviceMemory rows in _rows)
        {
            rows.Dispose();
        }
    }

    private StepPlan Plan(Tape tape, ReadOnlySpan<int> parents, int hypotheses)
    {
        int capacity = Length < _capacity ? _capacity : Math.Max(FirstCapacity, 2 * _capacity);
        bool grows = capacity > _capacity || hypotheses > _room;
        int[] stretches = new int[hypotheses];
        List<int> from = [], to = [];
        for (int b = 0; b < hypotheses; b++)
        {
            int parent = parents.IsEmpty ? b : parents[b];
            bool stays = Length > 0 && !grows && parent == b;
            bool filled = b < _stretches.Length;
            stretches[b] = grows ? 2 * b : !filled ? 2 * b : stays ? _stretches[b] : _stretches[b] ^ 1;
            for (int t = 0; !stays && t < Length; t++)
            {
                from.Add((_stretches[parent] * _capacity) + t);
                to.Add((stretches[b] * capacity) + t);
            }
        }

        int[] newFrom = new int[2 * hypotheses], newTo = new int[2 * hypotheses];
        int[] queries = new int[(2 * hypotheses) + 1], keys = new int[(2 * hypotheses) + 1];
        for (int b = 0; b < hypotheses; b++)
        {
            int first = stretches[b] * capacity, row = first + Length;
            (newFrom[2 * b], newFrom[(2 * b) + 1]) = ((3 * b) + 1, (3 * b) + 2);
            (newTo[2 * b], newTo[(2 * b) + 1]) = (2 * row, (2 * row) + 1);

            // What lies between two stretches in use is a sequence without a query.
            (queries[(2 * b) + 1], queries[(2 * b) + 2]) = (b, b + 1);
            (keys[(2 * b) + 1], keys[(2 * b) + 2]) = (first, row + 1);
        }

        return new StepPlan(
            stretches, grows ? hypotheses : _room, capacity, grows, tape.Upload(from.ToArray()), tape.Upload(to.ToArray()), tape.Upload(newFrom),
            tape.Upload(newTo), Sequences.Upload(tape, queries, hypotheses), Sequences.Upload(tape, keys, keys[^1]));
    }

    // A stretch that is copied into was free: nothing that is still to be read is overwritten.
    private void CopyParents(int layer)
    {
        DeviceMemory before = _rows[layer];
        if (_plan.Grows)
        {
            _rows[layer] = new DeviceMemory(device, 2L * _plan.Room * _plan.Capacity * Width * sizeof(float));
        }

        device.Kernels.CopyRows(_plan.From, _plan.To, Width, before.Span<float>(), _rows[layer].Span<float>());
        if (_plan.Grows)
        {
            before.Dispose();
        }
    }

    /// <summary>What a step does in every layer; its tables live as long as the step.</summary>
    private readonly record struct StepPlan(
        int[] Stretches, int Room, int Capacity, bool Grows, DeviceSpan<int> From, DeviceSpan<int> To, DeviceSpan<int> NewFrom,
        DeviceSpan<int> NewTo, Sequences Queries, Sequences Keys);
}
