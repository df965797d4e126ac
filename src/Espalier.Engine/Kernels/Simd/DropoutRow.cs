using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Espalier.Engine.Random;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// Draws the factors of a row of a <see cref="DropoutMask"/>, 128 columns at a time. Each 64-bit lane holds one counter's
/// word in its lower half; what collects in the upper half is never looked at.
/// </summary>
internal static unsafe class DropoutRow
{
    /// <summary>Length of the buffer that <see cref="Fill"/> needs for a row of <paramref name="columns"/>.</summary>
    public static int Padded(int columns)
        => (columns + DropoutMask.GroupColumns - 1) / DropoutMask.GroupColumns * DropoutMask.GroupColumns;

    /// <summary>Writes the row's factors, and what follows them up to the end of the last group of columns.</summary>
    public static void Fill(in DropoutMask mask, int row, int columns, float* factors)
    {
        for (int c = 0; c < columns; c += DropoutMask.GroupColumns)
        {
            uint counter = (uint)(c / DropoutMask.GroupColumns * DropoutMask.GroupCounters);
            if (Avx512F.IsSupported)
            {
                Fill512(mask, (uint)row, counter, factors + c);
            }
            else if (Avx2.IsSupported)
            {
                Fill256(mask, (uint)row, counter, factors + c);
                Fill256(mask, (uint)row, counter + 8, factors + c + 8);
            }
            else
            {
                for (int i = c; i < Math.Min(columns, c + DropoutMask.GroupColumns); i++)
                {
                    factors[i] = mask.Factor(row, i);
                }
            }
        }
    }

    private static void Fill512(in DropoutMask mask, uint row, uint counter, float* factors)
    {
        Vector512<ulong> first = Vector512.Create(0ul, 1, 2, 3, 4, 5, 6, 7) + Vector512.Create((ulong)counter);
        Vector512<ulong> a0 = first, a1 = Vector512.Create((ulong)row), a2 = Vector512.Create((ulong)mask.Step);
        Vector512<ulong> a3 = Vector512.Create((ulong)mask.Stream);
        Vector512<ulong> b0 = first + Vector512.Create(8ul), b1 = a1, b2 = a2, b3 = a3;
        Vector512<ulong> m0 = Vector512.Create((ulong)Philox.Multiplier0), m1 = Vector512.Create((ulong)Philox.Multiplier1);
        uint k0 = (uint)mask.Seed, k1 = (uint)(mask.Seed >> 32);
        for (int round = 0; round < DropoutMask.Rounds; round++, k0 += Philox.Weyl0, k1 += Philox.Weyl1)
        {
            Vector512<ulong> key0 = Vector512.Create((ulong)k0), key1 = Vector512.Create((ulong)k1);
            Vector512<ulong> p0 = Avx512F.Multiply(a0.AsUInt32(), m0.AsUInt32()), p1 = Avx512F.Multiply(a2.AsUInt32(), m1.AsUInt32());
            (a0, a1, a2, a3) = ((p1 >>> 32) ^ a1 ^ key0, p1, (p0 >>> 32) ^ a3 ^ key1, p0);
            p0 = Avx512F.Multiply(b0.AsUInt32(), m0.AsUInt32());
            p1 = Avx512F.Multiply(b2.AsUInt32(), m1.AsUInt32());
            (b0, b1, b2, b3) = ((p1 >>> 32) ^ b1 ^ key0, p1, (p0 >>> 32) ^ b3 ^ key1, p0);
        }

        Vector512<uint> threshold = Vector512.Create(mask.Threshold);
        Vector512<float> scale = Vector512.Create(mask.Scale);
        StoreWord(Vector512.Narrow(a0, b0), threshold, scale, factors);
        StoreWord(Vector512.Narrow(a1, b1), threshold, scale, factors + 32);
        StoreWord(Vector512.Narrow(a2, b2), threshold, scale, factors + 64);
        StoreWord(Vector512.Narrow(a3, b3), threshold, scale, factors + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreWord(Vector512<uint> word, Vector512<uint> threshold, Vector512<float> scale, float* factors)
    {
        Vector512<uint> low = word & Vector512.Create(0xFFFFu), high = word >>> 16;
        Vector512.ConditionalSelect(Vector512.LessThan(low, threshold).AsSingle(), Vector512<float>.Zero, scale).Store(factors);
        Vector512.ConditionalSelect(Vector512.LessThan(high, threshold).AsSingle(), Vector512<float>.Zero, scale).Store(factors + 16);
    }

    // Eight of the sixteen counters: eight of every sixteen columns.
    private static void Fill256(in DropoutMask mask, uint row, uint counter, float* factors)
    {
        Vector256<ulong> first = Vector256.Create(0ul, 1, 2, 3) + Vector256.Create((ulong)counter);
        Vector256<ulong> a0 = first, a1 = Vector256.Create((ulong)row), a2 = Vector256.Create((ulong)mask.Step);
        Vector256<ulong> a3 = Vector256.Create((ulong)mask.Stream);
        Vector256<ulong> b0 = first + Vector256.Create(4ul), b1 = a1, b2 = a2, b3 = a3;
        Vector256<ulong> m0 = Vector256.Create((ulong)Philox.Multiplier0), m1 = Vector256.Create((ulong)Philox.Multiplier1);
        uint k0 = (uint)mask.Seed, k1 = (uint)(mask.Seed >> 32);
        for (int round = 0; round < DropoutMask.Rounds; round++, k0 += Philox.Weyl0, k1 += Philox.Weyl1)
        {
            Vector256<ulong> key0 = Vector256.Create((ulong)k0), key1 = Vector256.Create((ulong)k1);
            Vector256<ulong> p0 = Avx2.Multiply(a0.AsUInt32(), m0.AsUInt32()), p1 = Avx2.Multiply(a2.AsUInt32(), m1.AsUInt32());
            (a0, a1, a2, a3) = ((p1 >>> 32) ^ a1 ^ key0, p1, (p0 >>> 32) ^ a3 ^ key1, p0);
            p0 = Avx2.Multiply(b0.AsUInt32(), m0.AsUInt32());
            p1 = Avx2.Multiply(b2.AsUInt32(), m1.AsUInt32());
            (b0, b1, b2, b3) = ((p1 >>> 32) ^ b1 ^ key0, p1, (p0 >>> 32) ^ b3 ^ key1, p0);
        }

        Vector256<int> threshold = Vector256.Create((int)mask.Threshold);
        Vector256<float> scale = Vector256.Create(mask.Scale);
        StoreWord(Vector256.Narrow(a0, b0), threshold, scale, factors);
        StoreWord(Vector256.Narrow(a1, b1), threshold, scale, factors + 32);
        StoreWord(Vector256.Narrow(a2, b2), threshold, scale, factors + 64);
        StoreWord(Vector256.Narrow(a3, b3), threshold, scale, factors + 96);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreWord(Vector256<uint> word, Vector256<int> threshold, Vector256<float> scale, float* factors)
    {
        // Half-words are below 2¹⁶, so that the signed comparison, which this processor has, serves.
        Vector256<int> low = (word & Vector256.Create(0xFFFFu)).AsInt32(), high = (word >>> 16).AsInt32();
        Vector256.AndNot(scale, Vector256.LessThan(low, threshold).AsSingle()).Store(factors);
        Vector256.AndNot(scale, Vector256.LessThan(high, threshold).AsSingle()).Store(factors + 16);
    }
}
