using System.Runtime.CompilerServices;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>Transcendental functions of vectors, to about the accuracy of single precision.</summary>
internal static class VectorMath<TLanes>
    where TLanes : struct, ILanes<TLanes>
{
    /// <summary>
    /// eˣ by e^(n·ln 2 + r) with |r| ≤ ln 2 / 2 and a polynomial of degree 6 in r (coefficients of Moshier's Cephes, expf);
    /// relative error under 2e-7. Below −50 the result stays at 1.9e-22, above 88.3 at 2.4e38: never infinite. The floor is nothing
    /// beside a softmax's largest term, 1, and high enough that what it is multiplied with, gradients too, does not become subnormal:
    /// processors take a hundred times as long over such numbers.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes Exp(TLanes x)
    {
        // The processor's minimum and maximum give their second operand when either is NaN: so a NaN stays one.
        x = TLanes.Min(TLanes.All(88.3f), TLanes.Max(TLanes.All(-50f), x));
        TLanes n = TLanes.Round(x * TLanes.All(1.44269504f));
        // ln 2 in two parts, the first exact in few bits, so that x − n·ln 2 loses nothing.
        TLanes r = TLanes.MultiplyAdd(n, TLanes.All(-0.693359375f), x);
        r = TLanes.MultiplyAdd(n, TLanes.All(2.12194440e-4f), r);
        TLanes p = TLanes.All(1.9875691500e-4f);
        p = TLanes.MultiplyAdd(p, r, TLanes.All(1.3981999507e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.All(8.3334519073e-3f));
        p = TLanes.MultiplyAdd(p, r, TLanes.All(4.1665795894e-2f));
        p = TLanes.MultiplyAdd(p, r, TLanes.All(1.6666665459e-1f));
        p = TLanes.MultiplyAdd(p, r, TLanes.All(5.0000001201e-1f));
        p = TLanes.MultiplyAdd(p, r * r, r + TLanes.All(1f));
        return p * TLanes.PowerOfTwo(n);
    }

    /// <summary>
    /// The normal distribution function Φ(x) and its density φ(x), which share one exponential
    /// (Abramowitz and Stegun 7.1.26 for erfc; absolute error of Φ under 1e-7).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TLanes NormalDistribution(TLanes x, out TLanes density)
    {
        TLanes size = TLanes.Abs(x);
        TLanes one = TLanes.All(1f);
        TLanes gauss = Gauss(size * size);
        density = gauss * TLanes.All(0.3989422804f);
        // 0.3275911 / √2, as the formula's argument is |x| / √2; the coefficients are halved, as Φ(−|x|) = erfc / 2.
        TLanes t = one / TLanes.MultiplyAdd(size, TLanes.All(0.23164189f), one);
        TLanes p = TLanes.All(0.5307027145f);
        p = TLanes.MultiplyAdd(p, t, TLanes.All(-0.7265760135f));
        p = TLanes.MultiplyAdd(p, t, TLanes.All(0.7107068705f));
        p = TLanes.MultiplyAdd(p, t, TLanes.All(-0.142248368f));
        p = TLanes.MultiplyAdd(p, t, TLanes.All(0.127414796f));
        TLanes tail = p * t * gauss;
        return TLanes.WhereGreater(x, TLanes.Zero, one - tail, tail);
    }

    // exp(−s / 2) for s ≥ 0, as a power of two: 2^n · 2^f with |f| ≤ ½ and a polynomial of degree 5 in f fitted for the least
    // relative error (9e-8). Where s is large the exponent's rounding costs relative accuracy, but then the value is small:
    // the absolute error stays under 1e-7. It ends at 2⁻⁷², so that nothing made of it is subnormal (see Exp).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TLanes Gauss(TLanes s)
    {
        TLanes exponent = TLanes.Max(TLanes.All(-72f), s * TLanes.All(-0.72134752f));
        TLanes n = TLanes.Round(exponent);
        TLanes f = exponent - n;
        TLanes p = TLanes.All(1.3264727e-3f);
        p = TLanes.MultiplyAdd(p, f, TLanes.All(9.6715128e-3f));
        p = TLanes.MultiplyAdd(p, f, TLanes.All(5.5507337e-2f));
        p = TLanes.MultiplyAdd(p, f, TLanes.All(2.4022242e-1f));
        p = TLanes.MultiplyAdd(p, f, TLanes.All(6.9314698e-1f));
        p = TLanes.MultiplyAdd(p, f, TLanes.All(1f));
        return p * TLanes.PowerOfTwo(n);
    }
}
