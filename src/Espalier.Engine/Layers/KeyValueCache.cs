using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Layers;

/// <summary>
/// Keys and values of every layer for every token decoded so far (2W a token, where W is the width of an attention, A heads of D). Each sentence has places for its hypotheses, and each
/// place two stretches of rows with room to grow, of which it fills one. Where a hypothesis goes on from that of another place, its rows
/// are copied into the stretch that is free; all others stay where they are, whatever other sentences do, and a step adds its rows
/// where they belong.
/// </summary>
/// <remarks>What is copied where is the same in all layers: it is worked out once a step. Rows that no token fills are never
/// looked at: they belong to sequences without a query.</remarks>
internal sealed class KeyValueCache(Device device, int layers, int attention) : IDisposable
{
    private const int FirstCapacity = 16;

    private readonly DeviceMemory[] _rows = [.. Enumerable.Range(0, layers).Select(_ => new DeviceMemory(device, 0))];

    // Of each hypothesis, the stretch that it fills: 2p or 2p + 1 of place p.
    private int[] _stretches = [];
    private int _width;
    private int _capacity;
    private StepPlan _plan;

    /// <summary>Tokens that each hypothesis has.</summary>
    public int Length { get; private set; }

    private int RowWidth => 2 * attention;

    /// <summary>
    /// Says which hypothesis of the step before each one of the coming step goes on from: beams are reordered and finished
    /// ones dropped. None given, each goes on from itself. Nothing is changed before the first layer's rows come.
    /// </summary>
    /// <param name="tape">The step.</param>
    /// <param name="parents">The parent of each hypothesis, or none.</param>
    /// <param name="counts">How many hypotheses each sentence has now.</param>
    /// <exception cref="ArgumentException">There are not as many parents as hypotheses, or one does not exist.</exception>
    public void Continue(Tape tape, ReadOnlySpan<int> parents, ReadOnlySpan<int> counts)
    {
        int hypotheses = 0;
        foreach (int count in counts)
        {
            hypotheses += count;
        }

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

        _plan = Plan(tape, parents, counts, hypotheses);
    }

    /// <summary>Adds a row to each hypothesis; layers come in their order.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="newB3W">Queries, keys and values of the new tokens.</param>
    /// <returns>All rows, and which of them each new token looks at.</returns>
    public (Tensor Rows, Sequences Queries, Sequences Keys) Append(int layer, Tensor newB3W)
    {
        if (layer == 0)
        {
            (_stretches, _width, _capacity, Length) = (_plan.Stretches, _plan.Width, _plan.Capacity, Length + 1);
        }

        CopyParents(layer);

        // Seen as rows of W there are three new ones for each hypothesis, of which the last two are its key and its value.
        device.Kernels.CopyRows(_plan.NewFrom, _plan.NewTo, attention, newB3W.Data, _rows[layer].Span<float>());
        var all = new Tensor { Shape = Shape.Matrix(_plan.Rows, RowWidth), Data = _rows[layer].Span<float>() };
        return (all, _plan.Queries, _plan.Keys);
    }

    public void Dispose()
    {
        foreach (DeviceMemory rows in _rows)
        {
            rows.Dispose();
        }
    }

    private StepPlan Plan(Tape tape, ReadOnlySpan<int> parents, ReadOnlySpan<int> counts, int hypotheses)
    {
        int capacity = Length < _capacity ? _capacity : Math.Max(FirstCapacity, 2 * _capacity), width = _width;
        foreach (int count in counts)
        {
            width = Math.Max(width, count);
        }

        bool grows = capacity > _capacity || width > _width;
        int[] filled = new int[counts.Length * width];
        Array.Fill(filled, -1);
        foreach (int stretch in grows ? [] : _stretches)
        {
            filled[stretch / 2] = stretch;
        }

        int[] stretches = new int[hypotheses];
        List<int> from = [], to = [];
        for (int sentence = 0, b = 0; sentence < counts.Length; sentence++)
        {
            for (int place = sentence * width; place < (sentence * width) + counts[sentence]; place++, b++)
            {
                int before = Length == 0 ? -1 : _stretches[parents.IsEmpty ? b : parents[b]];
                bool stays = before >= 0 && filled[place] == before;
                stretches[b] = stays ? before : filled[place] >= 0 ? filled[place] ^ 1 : 2 * place;
                for (int t = 0; !stays && t < Length; t++)
                {
                    from.Add((before * _capacity) + t);
                    to.Add((stretches[b] * capacity) + t);
                }
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
            stretches, width, capacity, 2 * filled.Length * capacity, grows, tape.Upload(from.ToArray()), tape.Upload(to.ToArray()), tape.Upload(newFrom),
            tape.Upload(newTo), Sequences.Upload(tape, queries, hypotheses), Sequences.Upload(tape, keys, keys[^1]));
    }

    // A stretch that is copied into was free: nothing that is still to be read is overwritten.
    private void CopyParents(int layer)
    {
        DeviceMemory before = _rows[layer];
        if (_plan.Grows)
        {
            _rows[layer] = new DeviceMemory(device, (long)_plan.Rows * RowWidth * sizeof(float));
        }

        device.Kernels.CopyRows(_plan.From, _plan.To, RowWidth, before.Span<float>(), _rows[layer].Span<float>());
        if (_plan.Grows)
        {
            before.Dispose();
        }
    }

    /// <summary>What a step does in every layer; its tables live as long as the step.</summary>
    private readonly record struct StepPlan(
        int[] Stretches, int Width, int Capacity, int Rows, bool Grows, DeviceSpan<int> From, DeviceSpan<int> To, DeviceSpan<int> NewFrom,
        DeviceSpan<int> NewTo, Sequences Queries, Sequences Keys);
}
