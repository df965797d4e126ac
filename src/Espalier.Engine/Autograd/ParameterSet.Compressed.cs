using Espalier.Engine.Weights;

namespace Espalier.Engine.Autograd;

public sealed partial class ParameterSet
{
    /// <summary>
    /// Takes memory for all that was declared and gives it the values of stored tensors. Matrices are held compressed where
    /// that is of use, everything else dense; nothing can be trained.
    /// </summary>
    /// <param name="tensors">Every tensor by its stored name (see <see cref="Stored()"/>); more of them do no harm.</param>
    /// <param name="activations">What activations are when they meet a quantized weight.</param>
    /// <exception cref="ArgumentException">Tensors are missing or of another shape; the message names all of them.</exception>
    /// <exception cref="InvalidOperationException">The set is allocated already.</exception>
    public void Allocate(
        IReadOnlyDictionary<string, CompressedTensor> tensors, ActivationPrecision activations = ActivationPrecision.Single)
    {
        string[] faults = [.. _all.SelectMany(p => StoredNames(p).Select(name => Fault(tensors, name, StoredShape(p)))).OfType<string>()];
        if (faults.Length > 0)
        {
            throw new ArgumentException($"the tensors are not of this model: {string.Join("; ", faults)}", nameof(tensors));
        }

        Allocate(name => tensors[name], activations);
    }

    /// <summary>The same from tensors that are read one parameter at a time, so that no more of them is in memory at once.</summary>
    /// <param name="read">Gives the tensor of a stored name, of the shape that was declared; asked twice for some.</param>
    /// <param name="activations">What activations are when they meet a quantized weight.</param>
    /// <exception cref="InvalidOperationException">The set is allocated already.</exception>
    public void Allocate(Func<string, CompressedTensor> read, ActivationPrecision activations)
    {
        RequireUnallocated();
        foreach (Parameter p in _all.Where(p => p.Shape.Rank == 2))
        {
            p.Compressed = Weight.Create(device, [.. StoredNames(p).Select(read)], activations);
        }

        Lay(trainable: false);
        foreach (Parameter p in _all.Where(p => p.Compressed == null))
        {
            float[] values = new float[p.Shape.Count];
            int at = 0;
            foreach (CompressedTensor tensor in StoredNames(p).Select(read))
            {
                tensor.Decode(values.AsSpan(at, (int)tensor.Shape.Count));
                at += (int)tensor.Shape.Count;
            }

            device.Upload<float>(values, p.Data);
        }
    }

    private static string? Fault(IReadOnlyDictionary<string, CompressedTensor> tensors, string name, Shape shape)
        => !tensors.TryGetValue(name, out CompressedTensor? tensor) ? $"{name} is missing"
            : tensor.Shape != shape ? $"{name} is {tensor.Shape}, expected {shape}"
            : null;
}
