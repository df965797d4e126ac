using Espalier.Engine.Devices;
using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd;

/// <summary>
/// A model's parameters. Layers declare them; <see cref="Allocate(ulong, bool)"/> then lays them end to end, those with weight decay
/// first, so that an optimizer steps over all of them in one pass.
/// </summary>
public sealed partial class ParameterSet(Device device) : IDisposable
{
    private const int Alignment = 16;
    private readonly List<Parameter> _all = [];
    private DeviceMemory? _weights;
    private DeviceMemory? _gradients;
    private long _decayed;

    /// <summary>Where they live.</summary>
    public Device Device => device;

    /// <summary>All of them, in the order of declaration.</summary>
    public IReadOnlyList<Parameter> All => _all;

    /// <summary>Number of values, without the gaps that alignment leaves.</summary>
    public long Count => _all.Sum(p => p.Shape.Count);

    /// <summary>All values end to end; gaps are zero.</summary>
    public DeviceSpan<float> Weights => Allocated(_weights).Span<float>();

    /// <summary>All gradients, laid out as <see cref="Weights"/>; gaps are zero.</summary>
    public DeviceSpan<float> Gradients => Allocated(_gradients).Span<float>();

    /// <summary>Length of the first part of <see cref="Weights"/>, to which weight decay applies.</summary>
    public long DecayedLength => _decayed;

    /// <summary>Declares a parameter.</summary>
    /// <param name="name">Its name in checkpoints.</param>
    /// <param name="shape">Its size.</param>
    /// <param name="initialization">How it begins.</param>
    /// <param name="decay">Whether weight decay applies.</param>
    /// <param name="parts">Names under which equal groups of its rows are stored; none: stored whole.</param>
    /// <exception cref="ArgumentException">The name, or a part's name, is taken.</exception>
    /// <exception cref="InvalidOperationException">The set is allocated already.</exception>
    public Parameter Add(string name, Shape shape, Initialization initialization, bool decay, params string[] parts)
    {
        if (_weights != null)
        {
            throw new InvalidOperationException($"parameter {name} was declared after allocation");
        }

        string[] stored = parts.Length == 0 ? [name] : parts;
        if (_all.Any(p => p.Name == name || StoredNames(p).Intersect(stored).Any()))
        {
            throw new ArgumentException($"parameter {name} exists already");
        }

        var parameter = new Parameter(name, shape, decay, initialization) { Parts = parts };
        _all.Add(parameter);
        return parameter;
    }

    /// <summary>Takes memory for all that was declared and draws the first values.</summary>
    /// <param name="seed">The seed; each parameter has a stream of its own, numbered by declaration.</param>
    /// <param name="trainable">Whether gradients are wanted.</param>
    public void Allocate(ulong seed, bool trainable = true)
    {
        Lay(trainable);
        for (int i = 0; i < _all.Count; i++)
        {
            float[] values = new float[_all[i].Shape.Count];
            _all[i].Initialization.Fill(values, new RandomStream(seed, (uint)i));
            device.Upload(values, _all[i].Data);
        }
    }

    /// <summary>Lets the next backward pass overwrite all gradients.</summary>
    public void ForgetGradients()
    {
        foreach (Parameter parameter in _all)
        {
            parameter.HasGradient = false;
        }
    }

    /// <summary>Zeroes the gradients of parameters that no backward pass has reached, so that the whole may be read.</summary>
    public void ZeroMissingGradients()
    {
        foreach (Parameter parameter in _all)
        {
            if (!parameter.ClaimGradient())
            {
                device.Kernels.Fill(parameter.Gradient, 0);
            }
        }
    }

    /// <summary>Names and sizes of all tensors as checkpoints store them, whether they have memory or not, and whatever holds
    /// them.</summary>
    public IEnumerable<(string Name, Shape Shape)> Declared()
        => _all.SelectMany(p => StoredNames(p), (p, name) => (name, StoredShape(p)));

    /// <summary>Every stored tensor that is held dense: name, shape, values; parts of a parameter are apart.</summary>
    public IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Stored() => Stored(p => p.Data);

    /// <summary>What <paramref name="like"/>, laid out as <see cref="Weights"/>, holds for every stored tensor: an
    /// optimizer's moments.</summary>
    public IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Stored(DeviceSpan<float> like)
        => Stored(p => like.Slice(p.Start, p.Shape.Count));

    /// <summary>The gradient of every stored tensor, as <see cref="Stored()"/>.</summary>
    public IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> StoredGradients() => Stored(p => p.Gradient);

    /// <inheritdoc/>
    public void Dispose()
    {
        _weights?.Dispose();
        _gradients?.Dispose();
        _all.ForEach(p => p.Compressed?.Dispose());
    }

    // Lays all that is dense end to end.
    private void Lay(bool trainable)
    {
        Parameter[] dense = [.. _all.Where(p => p.Compressed == null)];
        _decayed = Total(dense.Where(p => p.Decay));
        long total = _decayed + Total(dense.Where(p => !p.Decay));
        _weights = new DeviceMemory(device, total * sizeof(float));
        _gradients = new DeviceMemory(device, trainable ? total * sizeof(float) : 0);
        long at = 0;
        foreach (Parameter parameter in dense.Where(p => p.Decay).Concat(dense.Where(p => !p.Decay)))
        {
            parameter.Start = at;
            parameter.Data = Weights.Slice(at, parameter.Shape.Count);
            parameter.Gradient = trainable ? Gradients.Slice(at, parameter.Shape.Count) : default;
            at += Aligned(parameter.Shape.Count);
        }
    }

    private static IReadOnlyList<string> StoredNames(Parameter p) => p.Parts.Count == 0 ? [p.Name] : p.Parts;

    private static Shape StoredShape(Parameter p)
    {
        int parts = StoredNames(p).Count;
        return p.Shape.Rank == 1 ? Shape.Vector(p.Shape.Columns / parts) : Shape.Matrix(p.Shape.Rows / parts, p.Shape.Columns);
    }

    private static long Aligned(long count) => (count + Alignment - 1) / Alignment * Alignment;

    private static long Total(IEnumerable<Parameter> parameters) => parameters.Sum(p => Aligned(p.Shape.Count));

    private static DeviceMemory Allocated(DeviceMemory? memory)
        => memory ?? throw new InvalidOperationException("the parameters are declared but not allocated");

    private IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Stored(Func<Parameter, DeviceSpan<float>> values)
    {
        foreach (Parameter p in _all.Where(p => p.Compressed == null))
        {
            IReadOnlyList<string> names = StoredNames(p);
            Shape shape = StoredShape(p);
            for (int i = 0; i < names.Count; i++)
            {
                yield return (names[i], shape, values(p).Slice(i * shape.Count, shape.Count));
            }
        }
    }
}
