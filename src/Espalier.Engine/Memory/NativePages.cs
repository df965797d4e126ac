using System.Runtime.InteropServices;

namespace Espalier.Engine.Memory;

/// <summary>
/// Host memory for tensors and scratch. Large blocks ask the system for large pages: a matrix walks over thousands of small
/// ones, and looking up their addresses costs a tenth of a product's time and more on virtual machines.
/// </summary>
internal static unsafe partial class NativePages
{
    /// <summary>Bytes of a large page.</summary>
    public const nuint LargePage = 2 << 20;

    private const int AdviseHugePage = 14;

    /// <summary>Takes memory at an address that is a multiple of 64; its content is undefined.</summary>
    /// <exception cref="OutOfMemoryException">There is no room.</exception>
    public static void* Allocate(long bytes)
    {
        if ((nuint)bytes < LargePage)
        {
            return bytes < SharedPages.SmallestBlock ? NativeMemory.AlignedAlloc((nuint)bytes, 64) : SharedPages.Take((nuint)bytes);
        }

        nuint size = ((nuint)bytes + LargePage - 1) / LargePage * LargePage;
        return AllocateLarge(size, LargePage);
    }

    /// <summary>Gives back what <see cref="Allocate"/> returned; null is nothing.</summary>
    public static void Free(void* block)
    {
        if (!SharedPages.TryGiveBack(block))
        {
            NativeMemory.AlignedFree(block);
        }
    }

    /// <summary>Takes memory on large pages, where the system has them.</summary>
    /// <param name="bytes">A multiple of <see cref="LargePage"/>.</param>
    /// <param name="alignment">A power of two, at least <see cref="LargePage"/>.</param>
    internal static void* AllocateLarge(nuint bytes, nuint alignment)
    {
        void* block = NativeMemory.AlignedAlloc(bytes, alignment);
        if (OperatingSystem.IsLinux())
        {
            // Advice only: where the system declines, small pages serve.
            _ = Advise(block, bytes, AdviseHugePage);
        }

        return block;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
