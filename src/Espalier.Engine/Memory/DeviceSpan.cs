namespace Espalier.Engine.Memory;

/// <summary>
/// A stretch of device memory that somebody else owns: an address and a length, no more. On a CPU the address can be
/// read; on another device it cannot, so only a device's own kernels and copies look behind it.
/// </summary>
/// <typeparam name="T">The element type.</typeparam>
/// <param name="Address">Address of the first element, in the device's address space.</param>
/// <param name="Length">Number of elements.</param>
public readonly record struct DeviceSpan<T>(nint Address, long Length)
    where T : unmanaged
{
    /// <summary>True when there is no element.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>The part of <paramref name="length"/> elements that begins at <paramref name="start"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within this span.</exception>
    public unsafe DeviceSpan<T> Slice(long start, long length)
    {
        if (start < 0 || length < 0 || start > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(start), $"part {start}+{length} of a span of {Length} elements");
        }

        return new DeviceSpan<T>(Address + (nint)(start * sizeof(T)), length);
    }

    /// <summary>The address as a pointer, for the kernels of a device whose memory this process can read.</summary>
    internal unsafe T* Pointer => (T*)Address;
}
