using Espalier.Engine.Autograd;

namespace Espalier.Compression;

/// <summary>All tensors of a model in host memory, in the order in which the model declares them.</summary>
public sealed class ModelWeights
{
    private readonly Dictionary<string, WeightTensor> _byName;

    /// <summary>Gathers tensors.</summary>
    /// <exception cref="ArgumentException">Two have one name.</exception>
    public ModelWeights(IEnumerable<WeightTensor> tensors)
    {
        Tensors = [.. tensors];
        _byName = Tensors.ToDictionary(t => t.Name);
    }

    /// <summary>The tensors.</summary>
    public IReadOnlyList<WeightTensor> Tensors { get; }

    /// <summary>Values of all tensors together.</summary>
    public long Count => Tensors.Sum(t => t.Shape.Count);

    /// <summary>Values that are not zero.</summary>
    public long NonZero => Tensors.Sum(t => (long)t.Values.Count(v => v != 0));

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="CompressionException">There is none.</exception>
    public WeightTensor this[string name]
        => _byName.GetValueOrDefault(name) ?? throw new CompressionException($"the model has no tensor {name}");

    /// <summary>Copies what a model's parameters hold.</summary>
    public static ModelWeights Download(ParameterSet parameters) => new(parameters.Stored().Select(stored =>
    {
        float[] values = new float[stored.Shape.Count];
        parameters.Device.Download(stored.Values, values);
        return new WeightTensor(stored.Name, stored.Shape, values);
    }));

    /// <summary>Overwrites a model's parameters.</summary>
    /// <exception cref="CompressionException">They are of another model.</exception>
    public void Upload(ParameterSet parameters)
    {
        foreach ((string name, Shape shape, Engine.Memory.DeviceSpan<float> values) in parameters.Stored())
        {
            WeightTensor tensor = this[name];
            if (tensor.Shape != shape)
            {
                throw new CompressionException($"tensor {name} is {tensor.Shape}; the model expects {shape}");
            }

            parameters.Device.Upload(tensor.Values, values);
        }
    }

    /// <summary>The same tensors with other values.</summary>
    public ModelWeights Select(Func<WeightTensor, float[]> values) => new(Tensors.Select(t => t with { Values = values(t) }));

    /// <summary>Throws if a value is infinite or no number.</summary>
    /// <exception cref="CompressionException">One is; the message says where.</exception>
    public void ThrowUnlessFinite()
    {
        foreach (WeightTensor tensor in Tensors)
        {
            tensor.ThrowUnlessFinite();
        }
    }
}
