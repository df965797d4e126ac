using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>6 × 16 with AVX2: 12 of the 16 registers hold sums; two loads and six broadcasts feed twelve multiply-adds.</summary>
internal readonly unsafe struct Tile256 : ITile
{
    public static int Rows => 6;

    public static int Columns => 16;

    public static int TailRows => 2;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Multiply(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector256<float> c00 = Vector256<float>.Zero, c01 = Vector256<float>.Zero;
        Vector256<float> c10 = Vector256<float>.Zero, c11 = Vector256<float>.Zero;
        Vector256<float> c20 = Vector256<float>.Zero, c21 = Vector256<float>.Zero;
        Vector256<float> c30 = Vector256<float>.Zero, c31 = Vector256<float>.Zero;
        Vector256<float> c40 = Vector256<float>.Zero, c41 = Vector256<float>.Zero;
        Vector256<float> c50 = Vector256<float>.Zero, c51 = Vector256<float>.Zero;
        float* a0 = a, a3 = a + (3 * rowStride);
        CacheLines.Rows(c, ldc, Rows);
        for (int i = 0; i < k; i++)
        {
            Vector256<float> b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8);
            Vector256<float> x = Vector256.Create(a0[0]);
            c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
            x = Vector256.Create(a0[rowStride]);
            c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
            x = Vector256.Create(a0[2 * rowStride]);
            c20 = Vector256.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector256.FusedMultiplyAdd(x, b1, c21);
            x = Vector256.Create(a3[0]);
            c30 = Vector256.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector256.FusedMultiplyAdd(x, b1, c31);
            x = Vector256.Create(a3[rowStride]);
            c40 = Vector256.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector256.FusedMultiplyAdd(x, b1, c41);
            x = Vector256.Create(a3[2 * rowStride]);
            c50 = Vector256.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector256.FusedMultiplyAdd(x, b1, c51);
            b += Columns;
            a0 += kStride;
            a3 += kStride;
        }

        if (addend != null)
        {
            c00 += Vector256.Load(addend);
            c01 += Vector256.Load(addend + 8);
            c10 += Vector256.Load(addend + ldAddend);
            c11 += Vector256.Load(addend + ldAddend + 8);
            c20 += Vector256.Load(addend + (2 * ldAddend));
            c21 += Vector256.Load(addend + (2 * ldAddend) + 8);
            c30 += Vector256.Load(addend + (3 * ldAddend));
            c31 += Vector256.Load(addend + (3 * ldAddend) + 8);
            c40 += Vector256.Load(addend + (4 * ldAddend));
            c41 += Vector256.Load(addend + (4 * ldAddend) + 8);
            c50 += Vector256.Load(addend + (5 * ldAddend));
            c51 += Vector256.Load(addend + (5 * ldAddend) + 8);
        }

        c00.Store(c);
        c01.Store(c + 8);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 8);
        c20.Store(c + (2 * ldc));
        c21.Store(c + (2 * ldc) + 8);
        c30.Store(c + (3 * ldc));
        c31.Store(c + (3 * ldc) + 8);
        c40.Store(c + (4 * ldc));
        c41.Store(c + (4 * ldc) + 8);
        c50.Store(c + (5 * ldc));
        c51.Store(c + (5 * ldc) + 8);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyTail(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector256<float> c00 = Vector256<float>.Zero, c01 = Vector256<float>.Zero;
        Vector256<float> c10 = Vector256<float>.Zero, c11 = Vector256<float>.Zero;
        float* a0 = a;
        CacheLines.Rows(c, ldc, TailRows);
        for (int i = 0; i < k; i++)
        {
            Vector256<float> b0 = Vector256.Load(b), b1 = Vector256.Load(b + 8);
            Vector256<float> x = Vector256.Create(a0[0]);
            c00 = Vector256.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector256.FusedMultiplyAdd(x, b1, c01);
            x = Vector256.Create(a0[rowStride]);
            c10 = Vector256.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector256.FusedMultiplyAdd(x, b1, c11);
            b += Columns;
            a0 += kStride;
        }

        if (addend != null)
        {
            c00 += Vector256.Load(addend);
            c01 += Vector256.Load(addend + 8);
            c10 += Vector256.Load(addend + ldAddend);
            c11 += Vector256.Load(addend + ldAddend + 8);
        }

        c00.Store(c);
        c01.Store(c + 8);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 8);
    }
}
