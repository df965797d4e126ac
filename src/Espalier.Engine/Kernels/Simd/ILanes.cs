using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// A vector of floats of one width. Kernels are written once over this interface; the compiler makes one
/// specialised copy for each width.
/// </summary>
internal unsafe interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>All lanes zero.</summary>
    static abstract TSelf Zero { get; }

    /// <summary>All lanes <paramref name="value"/>.</summary>
    static abstract TSelf All(float value);

    /// <summary>Reads <see cref="Count"/> floats; no alignment is needed.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Reads <see cref="Count"/> bytes as whole numbers.</summary>
    static abstract TSelf LoadBytes(byte* source);

    /// <summary>Reads the lower and the upper halves of <see cref="Count"/> bytes as whole numbers.</summary>
    static abstract void LoadHalves(byte* source, out TSelf lower, out TSelf upper);

    /// <summary>Reads <see cref="Count"/> words of 32 bits, each of them four bytes or eight halves, and of each the whole
    /// number that begins at bit <paramref name="shift"/> and has the bits of <paramref name="mask"/>.</summary>
    static abstract TSelf LoadPart(float* source, int shift, int mask);

    /// <summary>All bits of the lanes whose bit is set, the lowest for the first lane; none in the others. Higher bits say nothing.</summary>
    static abstract TSelf Mask(int bits);

    /// <summary>Writes <see cref="Count"/> floats; no alignment is needed.</summary>
    void Store(float* target);

    /// <summary>Bit by bit: of <paramref name="a"/> what a <see cref="Mask"/> lets through, else zero.</summary>
    static abstract TSelf operator &(TSelf a, TSelf b);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a·b + c, rounded once where the processor can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The same with b in memory, which spares the instruction that would load it.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, float* b, TSelf c);

    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Min(TSelf a, TSelf b);

    static abstract TSelf Abs(TSelf a);

    static abstract TSelf Sqrt(TSelf a);

    /// <summary>To the nearest whole number.</summary>
    static abstract TSelf Round(TSelf a);

    /// <summary>2ⁿ for whole n from −126 to 127.</summary>
    static abstract TSelf PowerOfTwo(TSelf n);

    /// <summary>Lane by lane, <paramref name="a"/> &gt; <paramref name="b"/> ? <paramref name="then"/> : <paramref name="otherwise"/>.</summary>
    static abstract TSelf WhereGreater(TSelf a, TSelf b, TSelf then, TSelf otherwise);

    /// <summary>The lanes' sum, added in a fixed order.</summary>
    static abstract float Sum(TSelf a);

    /// <summary>The sums of four vectors' lanes side by side, for less than four sums cost.</summary>
    static abstract Vector128<float> Sums(TSelf a, TSelf b, TSelf c, TSelf d);

    /// <summary>The largest lane.</summary>
    static abstract float Largest(TSelf a);
}
