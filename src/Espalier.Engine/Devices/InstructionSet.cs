using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Devices;

/// <summary>The kinds of CPU kernels, from the plainest to the widest.</summary>
public enum InstructionSet
{
    /// <summary>Plain loops: the definition of every kernel.</summary>
    Reference,

    /// <summary>Vectors of 4 floats (SSE, NEON).</summary>
    Vector128,

    /// <summary>Vectors of 8 floats with fused multiply-add (AVX2).</summary>
    Vector256,

    /// <summary>Vectors of 16 floats (AVX-512).</summary>
    Vector512,
}

/// <summary>What this processor can do.</summary>
public static class InstructionSets
{
    /// <summary>The widest kernels that run in hardware here.</summary>
    /// <remarks>
    /// AVX-512 is asked for by name: <see cref="Vector512.IsHardwareAccelerated"/> is false on processors that once lowered
    /// their clock for it, yet dense products are near twice as fast there all the same.
    /// </remarks>
    public static InstructionSet Widest =>
        Avx512F.IsSupported && Avx512BW.IsSupported ? InstructionSet.Vector512
        : Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported ? InstructionSet.Vector256
        : Vector128.IsHardwareAccelerated ? InstructionSet.Vector128
        : InstructionSet.Reference;
}
