using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Engine.Safetensors;

namespace Espalier.Compression;

/// <summary>All tensors of a model in host memory, in the order of their names.</summary>
public sealed class ModelWeights
{
    private readonly Dictionary<string, WeightTensor> _byName;

    /// <summary>Gathers tensors.</summary>
    /// <exception cref="ArgumentException">Two have one name.</exception>
    public ModelWeights(IEnumerable<WeightTensor> tensors)
    {
        Tensors = [.. tensors.OrderBy(t => t.Name, StringComparer.Ordinal)];
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

    /// <summary>Reads a file of float tensors.</summary>
    /// <exception cref="SafetensorsException">It is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ModelWeights Load(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return new ModelWeights(file.Tensors.Values.Select(entry =>
        {
            float[] values = new float[entry.ElementCount];
            file.CopyTo(entry.Name, values);
            int[] shape = [.. entry.Shape.Select(d => checked((int)d))];
            return new WeightTensor(entry.Name, shape.Length == 1 ? Shape.Vector(shape[0]) : Shape.Matrix(shape[0], shape[1]), values);
        }));
    }

    /// <summary>Writes all of them as F32, whole or not at all.</summary>
    /// <exception cref="IOException">The disk is full or failed, or the folder is not there.</exception>
    public void Save(string path)
    {
        using var writer = new SafetensorsWriter(path, Tensors.Select(t => new TensorDeclaration(
            t.Name, Dtype.F32, t.Shape.Rank == 1 ? [t.Shape.Columns] : [t.Shape.Rows, t.Shape.Columns])));
        foreach (TensorEntry entry in writer.Tensors)
        {
            writer.Write(entry.Name, MemoryMarshal.AsBytes<float>(this[entry.Name].Values));
        }

        writer.Commit();
    }

    /// <summary>Overwrites a model's parameters.</summary>
    /// <exception cref="CompressionException">They are of another model.</exception>
    public void Upload(ParameterSet parameters)
    {
        foreach ((string name, Shape shape, DeviceSpan<float> values) in parameters.Stored())
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
