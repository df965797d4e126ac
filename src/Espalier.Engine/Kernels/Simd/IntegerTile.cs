using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// The innermost block of integer products: 12 tokens × 32 rows of a weight. Activations are bytes of 0 to 127, weights bytes
/// less 128: two products always fit 16 bits, so the processor's saturating multiply-add (vpmaddubsw) is exact.
/// </summary>
internal static unsafe class IntegerTile
{
    /// <summary>Tokens of a tile.</summary>
    public const int Tokens = 12;

    /// <summary>Rows of the weight in a panel.</summary>
    public const int Outputs = 32;

    /// <summary>Which instructions the tile is made of, for reports.</summary>
    public static string Instructions => Avx512BW.IsSupported ? "avx512bw" : Avx2.IsSupported ? "avx2" : "scalar";

    /// <summary>
    /// sums (12 × 32) = activations · weights; activations are 12 rows of <paramref name="lda"/> bytes, the panel holds for
    /// each four columns the four bytes of each of 32 rows.
    /// </summary>
    public static void Multiply(int quads, byte* activations, nint lda, sbyte* panel, int* sums)
    {
        if (Avx512BW.IsSupported)
        {
            Multiply512(quads, activations, lda, panel, sums);
            return;
        }

        for (int token = 0; token < Tokens; token += 2)
        {
            for (int output = 0; output < Outputs; output += 8)
            {
                byte* a = activations + (token * lda);
                sbyte* b = panel + (output * 4);
                int* target = sums + (token * Outputs) + output;
                if (Avx2.IsSupported)
                {
                    Multiply256(quads, a, lda, b, target);
                }
                else
                {
                    MultiplyPlain(quads, a, lda, b, target);
                }
            }
        }
    }

    /// <summary>Σ activation · (weight − 128) over whole blocks of 32 columns; weights are as stored, not yet less 128.</summary>
    public static int Dot(int columns, byte* activations, byte* weights)
    {
        int i = 0, sum = 0;
        if (Avx512BW.IsSupported)
        {
            Vector512<int> total = Vector512<int>.Zero;
            Vector512<short> ones = Vector512<short>.One;
            for (; i + 64 <= columns; i += 64)
            {
                Vector512<sbyte> w = (Vector512.Load(weights + i) ^ Vector512.Create((byte)0x80)).AsSByte();
                total += Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(Vector512.Load(activations + i), w), ones);
            }

            sum = Vector512.Sum(total);
        }

        if (Avx2.IsSupported)
        {
            Vector256<int> total = Vector256<int>.Zero;
            for (; i + 32 <= columns; i += 32)
            {
                Vector256<sbyte> w = (Vector256.Load(weights + i) ^ Vector256.Create((byte)0x80)).AsSByte();
                total += Avx2.MultiplyAddAdjacent(
                    Avx2.MultiplyAddAdjacent(Vector256.Load(activations + i), w), Vector256<short>.One);
            }

            sum += Vector256.Sum(total);
        }

        for (; i < columns; i++)
        {
            sum += activations[i] * (weights[i] - 128);
        }

        return sum;
    }

    private static void MultiplyPlain(int quads, byte* a, nint lda, sbyte* b, int* sums)
    {
        for (int token = 0; token < 2; token++, a += lda, sums += Outputs)
        {
            for (int output = 0; output < 8; output++)
            {
                int sum = 0;
                for (int i = 0; i < 4 * quads; i++)
                {
                    sum += a[i] * b[(i / 4 * Outputs * 4) + (output * 4) + (i % 4)];
                }

                sums[output] = sum;
            }
        }
    }

    private static void Multiply256(int quads, byte* a, nint lda, sbyte* b, int* sums)
    {
        Vector256<int> c0 = Vector256<int>.Zero, c1 = Vector256<int>.Zero;
        Vector256<short> ones = Vector256<short>.One;
        for (int q = 0; q < quads; q++, a += 4, b += Outputs * 4)
        {
            Vector256<sbyte> w = Vector256.Load(b);
            Vector256<byte> x0 = Vector256.Create(Unsafe.ReadUnaligned<int>(a)).AsByte();
            Vector256<byte> x1 = Vector256.Create(Unsafe.ReadUnaligned<int>(a + lda)).AsByte();
            c0 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x0, w), ones);
            c1 += Avx2.MultiplyAddAdjacent(Avx2.MultiplyAddAdjacent(x1, w), ones);
        }

        c0.Store(sums);
        c1.Store(sums + Outputs);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Multiply512(int quads, byte* a, nint lda, sbyte* b, int* sums)
    {
        Vector512<short> ones = Vector512<short>.One;
        Vector512<int> c00 = Vector512<int>.Zero, c01 = Vector512<int>.Zero;
        Vector512<int> c10 = Vector512<int>.Zero, c11 = Vector512<int>.Zero;
        Vector512<int> c20 = Vector512<int>.Zero, c21 = Vector512<int>.Zero;
        Vector512<int> c30 = Vector512<int>.Zero, c31 = Vector512<int>.Zero;
        Vector512<int> c40 = Vector512<int>.Zero, c41 = Vector512<int>.Zero;
        Vector512<int> c50 = Vector512<int>.Zero, c51 = Vector512<int>.Zero;
        Vector512<int> c60 = Vector512<int>.Zero, c61 = Vector512<int>.Zero;
        Vector512<int> c70 = Vector512<int>.Zero, c71 = Vector512<int>.Zero;
        Vector512<int> c80 = Vector512<int>.Zero, c81 = Vector512<int>.Zero;
        Vector512<int> c90 = Vector512<int>.Zero, c91 = Vector512<int>.Zero;
        Vector512<int> cA0 = Vector512<int>.Zero, cA1 = Vector512<int>.Zero;
        Vector512<int> cB0 = Vector512<int>.Zero, cB1 = Vector512<int>.Zero;
        byte* a0 = a, a3 = a + (3 * lda), a6 = a + (6 * lda), a9 = a + (9 * lda);
        for (int q = 0; q < quads; q++)
        {
            Vector512<sbyte> w0 = Vector512.Load(b), w1 = Vector512.Load(b + 64);
            Vector512<byte> x = Vector512.Create(Unsafe.ReadUnaligned<int>(a0)).AsByte();
            c00 = Add(c00, x, w0, ones);
            c01 = Add(c01, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a0 + lda)).AsByte();
            c10 = Add(c10, x, w0, ones);
            c11 = Add(c11, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a0 + (2 * lda))).AsByte();
            c20 = Add(c20, x, w0, ones);
            c21 = Add(c21, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a3)).AsByte();
            c30 = Add(c30, x, w0, ones);
            c31 = Add(c31, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a3 + lda)).AsByte();
            c40 = Add(c40, x, w0, ones);
            c41 = Add(c41, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a3 + (2 * lda))).AsByte();
            c50 = Add(c50, x, w0, ones);
            c51 = Add(c51, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a6)).AsByte();
            c60 = Add(c60, x, w0, ones);
            c61 = Add(c61, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a6 + lda)).AsByte();
            c70 = Add(c70, x, w0, ones);
            c71 = Add(c71, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a6 + (2 * lda))).AsByte();
            c80 = Add(c80, x, w0, ones);
            c81 = Add(c81, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a9)).AsByte();
            c90 = Add(c90, x, w0, ones);
            c91 = Add(c91, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a9 + lda)).AsByte();
            cA0 = Add(cA0, x, w0, ones);
            cA1 = Add(cA1, x, w1, ones);
            x = Vector512.Create(Unsafe.ReadUnaligned<int>(a9 + (2 * lda))).AsByte();
            cB0 = Add(cB0, x, w0, ones);
            cB1 = Add(cB1, x, w1, ones);
            b += Outputs * 4;
            a0 += 4;
            a3 += 4;
            a6 += 4;
            a9 += 4;
        }

        c00.Store(sums);
        c01.Store(sums + 16);
        c10.Store(sums + Outputs);
        c11.Store(sums + Outputs + 16);
        c20.Store(sums + (2 * Outputs));
        c21.Store(sums + (2 * Outputs) + 16);
        c30.Store(sums + (3 * Outputs));
        c31.Store(sums + (3 * Outputs) + 16);
        c40.Store(sums + (4 * Outputs));
        c41.Store(sums + (4 * Outputs) + 16);
        c50.Store(sums + (5 * Outputs));
        c51.Store(sums + (5 * Outputs) + 16);
        c60.Store(sums + (6 * Outputs));
        c61.Store(sums + (6 * Outputs) + 16);
        c70.Store(sums + (7 * Outputs));
        c71.Store(sums + (7 * Outputs) + 16);
        c80.Store(sums + (8 * Outputs));
        c81.Store(sums + (8 * Outputs) + 16);
        c90.Store(sums + (9 * Outputs));
        c91.Store(sums + (9 * Outputs) + 16);
        cA0.Store(sums + (10 * Outputs));
        cA1.Store(sums + (10 * Outputs) + 16);
        cB0.Store(sums + (11 * Outputs));
        cB1.Store(sums + (11 * Outputs) + 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Add(Vector512<int> sum, Vector512<byte> x, Vector512<sbyte> w, Vector512<short> ones)
        => sum + Avx512BW.MultiplyAddAdjacent(Avx512BW.MultiplyAddAdjacent(x, w), ones);
}
