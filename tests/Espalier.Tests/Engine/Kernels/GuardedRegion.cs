using System.Runtime.InteropServices;

namespace Espalier.Tests.Engine.Kernels;

/// <summary>
/// Memory between two pages that may not be touched: one element read or written too far stops the process. On systems
/// other than Linux it is plain memory.
/// </summary>
internal sealed unsafe partial class GuardedRegion : IDisposable
{
    private const int ProtectNone = 0, ProtectReadWrite = 1 | 2, MapPrivateAnonymous = 0x02 | 0x20;
    private readonly nint _mapped;
    private readonly nint _mappedBytes;

    public GuardedRegion(long bytes)
    {
        nint page = Environment.SystemPageSize;
        Bytes = Math.Max(1, (bytes + page - 1) / page) * page;
        if (!OperatingSystem.IsLinux())
        {
            Address = (nint)NativeMemory.AlignedAlloc((nuint)Bytes, 64);
            return;
        }

        _mappedBytes = (nint)Bytes + (2 * page);
        _mapped = Map(0, _mappedBytes, ProtectNone, MapPrivateAnonymous, -1, 0);
        Address = _mapped + page;
        if (_mapped == -1 || Protect(Address, (nint)Bytes, ProtectReadWrite) != 0)
        {
            throw new OutOfMemoryException($"no guarded region of {Bytes} bytes: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Begin of the accessible part, at a page.</summary>
    public nint Address { get; }

    /// <summary>Size of the accessible part, whole pages.</summary>
    public long Bytes { get; }

    public void Dispose()
    {
        if (OperatingSystem.IsLinux())
        {
            Unmap(_mapped, _mappedBytes);
        }
        else
        {
            NativeMemory.AlignedFree((void*)Address);
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(nint address, nint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    private static partial int Unmap(nint address, nint bytes);
}
