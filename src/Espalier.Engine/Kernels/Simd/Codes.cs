using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>How the codes of a block of <see cref="QuantizedMatrix"/> become numbers.</summary>
internal unsafe interface ICodes<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>Bytes of a block.</summary>
    static abstract int BlockBytes { get; }

    /// <summary>Columns <paramref name="column"/> … of a block's first half, and the same of its second half.</summary>
    static abstract void Load(byte* block, int column, out TLanes first, out TLanes second);
}

/// <summary>A byte each.</summary>
internal readonly unsafe struct WideCodes<TLanes> : ICodes<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    public static int BlockBytes => QuantizedMatrix.Block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int column, out TLanes first, out TLanes second)
    {
        first = TLanes.LoadBytes(block + column);
        second = TLanes.LoadBytes(block + (QuantizedMatrix.Block / 2) + column);
    }
}

/// <summary>Half a byte each.</summary>
internal readonly unsafe struct NarrowCodes<TLanes> : ICodes<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    public static int BlockBytes => QuantizedMatrix.Block / 2;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load(byte* block, int column, out TLanes first, out TLanes second)
        => TLanes.LoadHalves(block + column, out first, out second);
}
