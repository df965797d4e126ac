using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Benchmarks;

/// <summary>Index operands: random ids and targets, places, and offsets of sequences of one length.</summary>
internal sealed record OpsIndices(int Tokens, int Length, int Rows, int Classes)
{
    public DeviceSpan<int> Ids { get; private init; }

    public DeviceSpan<int> Places { get; private init; }

    public DeviceSpan<int> Targets { get; private init; }

    public DeviceSpan<int> Offsets { get; private init; }

    /// <summary>The same on a device.</summary>
    public OpsIndices Upload(Device device, List<DeviceMemory> owned)
    {
        var random = new RandomStream(5, 5);
        int[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => (int)(random.NextUInt32() % (uint)Classes))];
        return this with
        {
            Ids = Copy(Draw(Tokens)),
            Places = Copy([.. Enumerable.Range(0, Tokens).Select(i => i % Length)]),
            Targets = Copy(Draw(Rows)),
            Offsets = Copy([.. Enumerable.Range(0, (Tokens / Length) + 1).Select(i => i * Length)]),
        };

        DeviceSpan<int> Copy(int[] values)
        {
            var memory = new DeviceMemory(device, values.Length * sizeof(int));
            owned.Add(memory);
            device.Upload(values, memory.Span<int>());
            return memory.Span<int>();
        }
    }
}

/// <summary>The operands of one kernel on a device, filled with random numbers that are the same on every device.</summary>
internal sealed class OpsBuffers : IDisposable
{
    private readonly List<DeviceMemory> _owned = [];

    public OpsBuffers(Device device, OpsCase operation)
    {
        Floats = new DeviceSpan<float>[operation.Floats.Length];
        for (int i = 0; i < Floats.Length; i++)
        {
            var memory = new DeviceMemory(device, operation.Floats[i] * sizeof(float));
            _owned.Add(memory);
            Floats[i] = memory.Span<float>();
            var random = new RandomStream(3, (uint)i);
            float[] values = new float[Floats[i].Length];
            foreach (ref float value in values.AsSpan())
            {
                // Above zero, so that it may stand for a deviation or a second moment too.
                value = random.NextSingle() + 0.1f;
            }

            device.Upload(values, Floats[i]);
        }

        Indices = operation.Indices.Upload(device, _owned);
    }

    public DeviceSpan<float>[] Floats { get; }

    public OpsIndices Indices { get; }

    public void Dispose() => _owned.ForEach(m => m.Dispose());
}
