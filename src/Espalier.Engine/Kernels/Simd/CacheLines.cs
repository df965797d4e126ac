using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>Asks for lines of memory that will be needed soon.</summary>
internal static unsafe class CacheLines
{
    /// <summary>Two cache lines of each of <paramref name="rows"/> rows of C that a tile will write, while its sums are still being made.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Rows(float* c, nint ldc, int rows)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        for (int i = 0; i < rows; i++, c += ldc)
        {
            Sse.Prefetch0(c);
            Sse.Prefetch0(c + 16);
        }
    }

    /// <summary>One cache line, or two where <paramref name="bytes"/> is more than one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Next(byte* p, int bytes)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        Sse.Prefetch0(p);
        if (bytes > 64)
        {
            Sse.Prefetch0(p + 64);
        }
    }
}
