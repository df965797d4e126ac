using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>Asks for the lines of C that a tile will write, so that they arrive while its sums are still being made.</summary>
internal static unsafe class TilePrefetch
{
    /// <summary>Two cache lines of each of <paramref name="rows"/> rows.</summary>
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
}
