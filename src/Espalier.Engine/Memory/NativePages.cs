using System.Runtime.InteropServices;

namespace Espalier.Engine.Memory;

/// <summary>
/// Host memory for tensors and scratch. Large blocks ask the system for large pages: a matrix walks over thousands of small
/// ones, and looking up their addresses costs a tenth of a product's time and more on virtual machines.
/// </summary>
internal static unsafe partial class NativePages
{
    private const nuint LargePage = 2 << 20;
    private const int AdviseHugePage = 14;

    /// <summary>Takes memory at an address that is a multiple of 64; its content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">There is no room.</exception>
    public static void* Allocate(long bytes)
    {
        bool large = (nuint)bytes >= LargePage;
        nuint alignment = large ? LargePage : 64;
        nuint size = ((nuint)bytes + alignment - 1) / alignment * alignment;
        void* block = NativeMemory.AlignedAlloc(size, alignment);
        if (large && OperatingSystem.IsLinux())
        {
            // Advice only: where the system declines, small pages serve.
            _ = Advise(block, size, AdviseHugePage);
        }

        return block;
    }

    /// <summary>Gives back what <see cref="Allocate"/> returned; null is nothing.</summary>
    public static void Free(void* block) => NativeMemory.AlignedFree(block);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
