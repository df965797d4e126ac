using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Models;

/// <summary>A device, a tape and a small model's parameters, drawn wide so that every part of the model matters.</summary>
internal sealed class ModelFixture<TModel> : IDisposable
{
    public ModelFixture(Func<ParameterSet, TModel> create, InstructionSet? instructions = null, ulong seed = 1)
    {
        Device = new CpuDevice(2, instructions ?? InstructionSets.Widest);
        Tape = new Tape(Device) { Seed = seed };
        Parameters = new ParameterSet(Device);
        Model = create(Parameters);
        Parameters.Allocate(seed);
        for (int i = 0; i < Parameters.All.Count; i++)
        {
            var random = new RandomStream(seed, (uint)(1000 + i));
            DeviceSpan<float> values = Parameters.All[i].Data;
            Device.Upload([.. Read(values).Select(x => x + (0.2f * random.NextNormal()))], values);
        }
    }

    public CpuDevice Device { get; }

    public Tape Tape { get; }

    public ParameterSet Parameters { get; }

    public TModel Model { get; }

    public float[] Read(Tensor tensor) => Read(tensor.Data);

    public float[] Read(DeviceSpan<float> span)
    {
        float[] values = new float[span.Length];
        Device.Download(span, values);
        return values;
    }

    /// <summary>Gradients by stored name.</summary>
    public Dictionary<string, float[]> Gradients() => Parameters.StoredGradients().ToDictionary(g => g.Name, g => Read(g.Values));

    /// <summary>Uploads sequences, laid end to end.</summary>
    public TokenBatch Batch(StackConfiguration configuration, params int[][] sequences)
        => TokenBatch.Upload(Tape, [.. sequences.SelectMany(s => s)], Offsets(sequences), configuration);

    public static int[] Offsets(params int[][] sequences)
        => [0, .. sequences.Select((_, b) => sequences.Take(b + 1).Sum(s => s.Length))];

    public void Dispose()
    {
        (Model as IDisposable)?.Dispose();
        Parameters.Dispose();
        Tape.Dispose();
        Device.Dispose();
    }
}
