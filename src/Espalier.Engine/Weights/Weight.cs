using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Weights;

/// <summary>What activations are when they meet a quantized weight.</summary>
public enum ActivationPrecision
{
    /// <summary>Singles, as in the paper.</summary>
    Single,

    /// <summary>Integers, quantized row by row as they come, where the weight allows it (codes of 5 to 8 bits, one scale for a
    /// row, nothing pruned); else singles. Some accuracy is lost; see <see cref="IKernels.MultiplyInteger"/>.</summary>
    Integer,
}

/// <summary>
/// A matrix that is held compressed on a device, in a form made for multiplying, and stands in a <see cref="Parameter"/>'s
/// place. It has no gradient.
/// </summary>
public abstract class Weight(Shape shape) : IDisposable
{
    // With more elements than this the dense product is about as fast: at 0.25 the sparse one takes a little under half its time.
    private const double DensestSparse = 0.45;

    /// <summary>Outputs × inputs.</summary>
    public Shape Shape => shape;

    /// <summary>Bytes that a product reads.</summary>
    public abstract long Bytes { get; }

    /// <summary>What it is, for reports.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// The compressed form of matrices that lie one below the other (queries, keys and values), or null where a dense one is the better:
    /// some are singles, and not enough elements are zero for skipping them to gain anything.
    /// </summary>
    public static Weight? Create(
        Device device, IReadOnlyList<CompressedTensor> parts, ActivationPrecision activations = ActivationPrecision.Single)
    {
        bool sparse = parts.All(p => p.Layout != SparseLayout.None)
            && parts.Sum(p => (long)p.StoredElements) <= DensestSparse * parts.Sum(p => p.Shape.Count);
        return sparse ? new SparseWeight(device, parts)
            : parts.All(p => p.Scheme is not null) ? new QuantizedWeight(device, parts, activations)
            : null;
    }

    /// <summary>y = activation(x·Wᵀ + b).</summary>
    public abstract void Multiply(IKernels kernels, in WeightProduct product);

    /// <summary>y[i] = row rows[i], or y[i] += where <paramref name="accumulate"/>.</summary>
    public abstract void Gather(IKernels kernels, DeviceSpan<int> rows, DeviceSpan<float> y, bool accumulate);

    /// <inheritdoc/>
    public abstract void Dispose();

    private protected static Shape Stacked(IReadOnlyList<CompressedTensor> parts)
        => Shape.Matrix(parts.Sum(p => p.Shape.Rows), parts[0].Shape.Columns);

    private protected static DeviceMemory Upload<T>(Device device, T[] values)
        where T : unmanaged
    {
        var memory = new DeviceMemory(device, MemoryMarshal.AsBytes<T>(values).Length);
        device.Upload<T>(values, memory.Span<T>());
        return memory;
    }
}
