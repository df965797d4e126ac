using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Tests.Engine.Autograd;

/// <summary>
/// Runs an op forward and backward. The op asks for its operands one by one, always in the same order; their content is
/// drawn at the first run, depends on that order alone, and is on the host to be varied.
/// </summary>
internal sealed class OperationRun(Func<OperationRun, Tensor[]> apply, bool isLoss, CpuDevice device) : IDisposable
{
    private readonly List<Operand> _operands = [];
    private readonly List<float[]> _weights = [];
    private readonly RandomStream _values = new(seed: 5, stream: 1);
    private readonly RandomStream _projection = new(seed: 5, stream: 2);
    private int _next;

    public OperationRun(OperationCase test, CpuDevice device)
        : this(test.Run, test.IsLoss, device)
    {
    }

    public Tape Tape { get; } = new(device) { Training = true, Seed = 3 };

    /// <summary>How often the op is applied to the same operands within a step.</summary>
    public int Uses { get; init; } = 1;

    /// <summary>Operands with a gradient.</summary>
    public IEnumerable<Operand> Variables => _operands.Where(operand => operand.Values.Length > 0);

    /// <summary>A tensor that no op made, with numbers in [−1, 1) or, away from zero, in ±[0.25, 1).</summary>
    public Tensor Input(int rows, int columns, bool awayFromZero = false)
    {
        Operand operand = Next(() => new Operand { Values = Draw(rows * columns, awayFromZero) });
        if (operand.Leaf == null)
        {
            operand.Leaf = Tape.New(Shape.Matrix(rows, columns));
            device.Upload(operand.Values, operand.Leaf.Data);
        }

        return operand.Leaf;
    }

    public Parameter Matrix(int rows, int columns) => Parameter(Shape.Matrix(rows, columns));

    public Parameter Vector(int count) => Parameter(Shape.Vector(count));

    /// <summary>Numbers that no gradient is wanted for.</summary>
    public DeviceSpan<float> Constants(int rows, int columns)
    {
        float[] values = Next(() => new Operand { Constants = Draw(rows * columns, false) }).Constants;
        DeviceSpan<float> span = Tape.AllocateTemporary(values.Length);
        device.Upload(values, span);
        return span;
    }

    /// <summary>Numbers from 0 to <paramref name="limit"/> − 1, most of them more than once where they can be.</summary>
    public DeviceSpan<int> Indices(int count, int limit)
        => Tape.Upload(Next(() => new Operand
        {
            Indices = [.. Enumerable.Range(0, count).Select(_ => (int)(_values.NextUInt32() % (uint)limit))],
        }).Indices);

    /// <summary>Sequences of the given lengths.</summary>
    public Sequences Sequences(params int[] lengths)
    {
        int[] offsets = [0, .. lengths.Select((_, i) => lengths.Take(i + 1).Sum())];
        return Espalier.Engine.Autograd.Sequences.Upload(Tape, offsets, offsets[^1]);
    }

    /// <summary>The results, one after the other.</summary>
    public float[][] Forward(bool recording = false) => [.. Apply(recording).Select(Read)];

    /// <summary>Sets what each result's elements are multiplied by in the loss, instead of random numbers.</summary>
    public void Project(IEnumerable<float[]> weights)
    {
        _weights.Clear();
        _weights.AddRange(weights);
    }

    /// <summary>The loss in double precision, from a forward pass that does not record.</summary>
    public double Loss()
    {
        double loss = 0;
        float[][] results = Forward();
        for (int i = 0; i < results.Length; i++)
        {
            float[] weights = Weights(i, results[i].Length);
            for (int j = 0; j < results[i].Length; j++)
            {
                loss += (double)results[i][j] * weights[j];
            }
        }

        return loss;
    }

    /// <summary>The loss's gradients by <see cref="Variables"/>, after one or more backward passes since the last call.</summary>
    public float[][] Gradients(int passes = 1)
    {
        foreach (Operand operand in _operands.Where(operand => operand.Parameter != null))
        {
            operand.Parameter!.HasGradient = false;
        }

        for (int pass = 0; pass < passes; pass++)
        {
            List<Tensor> results = Apply(recording: true);
            Tensor loss = isLoss
                ? results.Aggregate((a, b) => Add.Apply(Tape, a, b))
                : Projection.Apply(Tape, results, [.. results.Select((r, i) => Weights(i, (int)r.Shape.Count))]);
            Tape.Backward(loss);
        }

        return [.. Variables.Select(v => Read(v.Parameter?.Gradient ?? v.Leaf!.Gradient))];
    }

    public void Dispose()
    {
        Tape.Dispose();
        foreach (Operand operand in _operands)
        {
            operand.Memory?.Dispose();
        }
    }

    private List<Tensor> Apply(bool recording)
    {
        Tape.Reset();
        (Tape.Recording, Tape.Step) = (recording, 2);
        foreach (Operand operand in _operands)
        {
            operand.Leaf = null;
            if (operand.Parameter != null)
            {
                device.Upload(operand.Values, operand.Parameter.Data);
            }
        }

        List<Tensor> results = [];
        for (int use = 0; use < Uses; use++)
        {
            _next = 0;
            results.AddRange(apply(this));
        }

        return results;
    }

    private Parameter Parameter(Shape shape)
    {
        int count = (int)shape.Count;
        return Next(() =>
        {
            var operand = new Operand { Values = Draw(count, false), Memory = new DeviceMemory(device, 2 * count * sizeof(float)) };
            operand.Parameter = new Parameter($"parameter {_next}", shape, true, Initialization.Zeros)
            {
                Data = operand.Memory.Span<float>().Slice(0, count),
                Gradient = operand.Memory.Span<float>().Slice(count, count),
            };
            device.Upload(operand.Values, operand.Parameter.Data);
            return operand;
        }).Parameter!;
    }

    private Operand Next(Func<Operand> create)
    {
        if (_next == _operands.Count)
        {
            _operands.Add(create());
        }

        return _operands[_next++];
    }

    private float[] Weights(int result, int count)
    {
        if (result == _weights.Count)
        {
            _weights.Add([.. Enumerable.Range(0, count).Select(_ => isLoss ? 1 : (2 * _projection.NextSingle()) - 1)]);
        }

        return _weights[result];
    }

    private float[] Draw(int count, bool awayFromZero)
    {
        float[] values = new float[count];
        foreach (ref float value in values.AsSpan())
        {
            value = (2 * _values.NextSingle()) - 1;
            value = awayFromZero ? (0.75f * value) + (0.25f * MathF.Sign(value)) : value;
        }

        return values;
    }

    private float[] Read(Tensor tensor) => Read(tensor.Data);

    private float[] Read(DeviceSpan<float> span)
    {
        float[] values = new float[span.Length];
        device.Download(span, values);
        return values;
    }

    /// <summary>What an op works on: a leaf or a parameter, or constants or indices.</summary>
    internal sealed class Operand
    {
        public float[] Values { get; init; } = [];

        public float[] Constants { get; init; } = [];

        public int[] Indices { get; init; } = [];

        public DeviceMemory? Memory { get; init; }

        public Tensor? Leaf { get; set; }

        public Parameter? Parameter { get; set; }
    }
}
