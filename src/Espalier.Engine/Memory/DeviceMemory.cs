using Espalier.Engine.Devices;

namespace Espalier.Engine.Memory;

/// <summary>A block of device memory, 64-byte aligned and zeroed, that belongs to this object alone and must be disposed.</summary>
/// <remarks>
/// There is no finalizer on purpose: a <see cref="DeviceSpan{T}"/> does not keep this object alive, nor does a parameter or a
/// tensor, and memory that was forgotten is better than kernels at work on memory that is gone.
/// </remarks>
public sealed class DeviceMemory : IDisposable
{
    private readonly Device _device;
    private nint _address;

    /// <summary>Takes <paramref name="bytes"/> bytes from <paramref name="device"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Fewer than zero bytes.</exception>
    /// <exception cref="OutOfMemoryException">The device has no room for them.</exception>
    public DeviceMemory(Device device, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        _device = device;
        Bytes = bytes;
        _address = device.AllocateBytes(Math.Max(bytes, 1));
    }

    /// <summary>The block's size.</summary>
    public long Bytes { get; }

    /// <summary>The whole block, seen as elements of <typeparamref name="T"/>.</summary>
    /// <exception cref="ObjectDisposedException">The block was given back.</exception>
    public unsafe DeviceSpan<T> Span<T>()
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_address == 0, this);
        return new DeviceSpan<T>(_address, Bytes / sizeof(T));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0)
        {
            _device.FreeBytes(address);
        }
    }
}
