using System.Runtime.InteropServices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Devices;

/// <summary>
/// Where tensors live and kernels run. Ops, layers and models know this class only, never what is behind an address;
/// another kind of machine is another subclass.
/// </summary>
public abstract class Device : IDisposable
{
    /// <summary>Name and kernels of the device, for logs and reports.</summary>
    public abstract string Description { get; }

    /// <summary>The operations this device performs.</summary>
    public abstract IKernels Kernels { get; }

    /// <summary>Copies from the host to the start of <paramref name="target"/>.</summary>
    /// <exception cref="ArgumentException">The target is shorter than the source.</exception>
    public void Upload<T>(ReadOnlySpan<T> source, DeviceSpan<T> target)
        where T : unmanaged
    {
        Require(source.Length <= target.Length, source.Length, target.Length);
        UploadBytes(MemoryMarshal.AsBytes(source), target.Address);
    }

    /// <summary>Copies the start of <paramref name="source"/> to the host; waits for the kernels that write it.</summary>
    /// <exception cref="ArgumentException">The source is shorter than the target.</exception>
    public void Download<T>(DeviceSpan<T> source, Span<T> target)
        where T : unmanaged
    {
        Require(target.Length <= source.Length, target.Length, source.Length);
        DownloadBytes(source.Address, MemoryMarshal.AsBytes(target));
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Takes zeroed memory at a 64-byte aligned address.</summary>
    /// <exception cref="OutOfMemoryException">The device has no room for it.</exception>
    protected internal abstract nint AllocateBytes(long bytes);

    /// <summary>Gives back what <see cref="AllocateBytes"/> returned.</summary>
    protected internal abstract void FreeBytes(nint address);

    /// <summary>Copies bytes from the host.</summary>
    protected abstract void UploadBytes(ReadOnlySpan<byte> source, nint target);

    /// <summary>Copies bytes to the host.</summary>
    protected abstract void DownloadBytes(nint source, Span<byte> target);

    private static void Require(bool fits, long count, long room)
    {
        if (!fits)
        {
            throw new ArgumentException($"copy of {count} elements from or to a span of {room}");
        }
    }
}
