using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>
/// 14 × 32 with AVX-512: 28 of the 32 registers hold sums; two loads and 14 broadcasts feed 28 multiply-adds. B comes from the
/// second-level cache and is asked for 16 rows ahead.
/// </summary>
internal readonly unsafe struct Tile512 : ITile
{
    public static int Rows => 14;

    public static int Columns => 32;

    public static int TailRows => 2;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Multiply(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector512<float> c00 = Vector512<float>.Zero, c01 = Vector512<float>.Zero;
        Vector512<float> c10 = Vector512<float>.Zero, c11 = Vector512<float>.Zero;
        Vector512<float> c20 = Vector512<float>.Zero, c21 = Vector512<float>.Zero;
        Vector512<float> c30 = Vector512<float>.Zero, c31 = Vector512<float>.Zero;
        Vector512<float> c40 = Vector512<float>.Zero, c41 = Vector512<float>.Zero;
        Vector512<float> c50 = Vector512<float>.Zero, c51 = Vector512<float>.Zero;
        Vector512<float> c60 = Vector512<float>.Zero, c61 = Vector512<float>.Zero;
        Vector512<float> c70 = Vector512<float>.Zero, c71 = Vector512<float>.Zero;
        Vector512<float> c80 = Vector512<float>.Zero, c81 = Vector512<float>.Zero;
        Vector512<float> c90 = Vector512<float>.Zero, c91 = Vector512<float>.Zero;
        Vector512<float> cA0 = Vector512<float>.Zero, cA1 = Vector512<float>.Zero;
        Vector512<float> cB0 = Vector512<float>.Zero, cB1 = Vector512<float>.Zero;
        Vector512<float> cC0 = Vector512<float>.Zero, cC1 = Vector512<float>.Zero;
        Vector512<float> cD0 = Vector512<float>.Zero, cD1 = Vector512<float>.Zero;
        float* a0 = a, a3 = a + (3 * rowStride), a6 = a + (6 * rowStride), a9 = a + (9 * rowStride), aC = a + (12 * rowStride);
        CacheLines.Rows(c, ldc, Rows);
        for (int i = 0; i < k; i++)
        {
            Sse.Prefetch0(b + 512);
            Sse.Prefetch0(b + 528);
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16);
            Vector512<float> x = Vector512.Create(a0[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a0[rowStride]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            x = Vector512.Create(a0[2 * rowStride]);
            c20 = Vector512.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector512.FusedMultiplyAdd(x, b1, c21);
            x = Vector512.Create(a3[0]);
            c30 = Vector512.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector512.FusedMultiplyAdd(x, b1, c31);
            x = Vector512.Create(a3[rowStride]);
            c40 = Vector512.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector512.FusedMultiplyAdd(x, b1, c41);
            x = Vector512.Create(a3[2 * rowStride]);
            c50 = Vector512.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector512.FusedMultiplyAdd(x, b1, c51);
            x = Vector512.Create(a6[0]);
            c60 = Vector512.FusedMultiplyAdd(x, b0, c60);
            c61 = Vector512.FusedMultiplyAdd(x, b1, c61);
            x = Vector512.Create(a6[rowStride]);
            c70 = Vector512.FusedMultiplyAdd(x, b0, c70);
            c71 = Vector512.FusedMultiplyAdd(x, b1, c71);
            x = Vector512.Create(a6[2 * rowStride]);
            c80 = Vector512.FusedMultiplyAdd(x, b0, c80);
            c81 = Vector512.FusedMultiplyAdd(x, b1, c81);
            x = Vector512.Create(a9[0]);
            c90 = Vector512.FusedMultiplyAdd(x, b0, c90);
            c91 = Vector512.FusedMultiplyAdd(x, b1, c91);
            x = Vector512.Create(a9[rowStride]);
            cA0 = Vector512.FusedMultiplyAdd(x, b0, cA0);
            cA1 = Vector512.FusedMultiplyAdd(x, b1, cA1);
            x = Vector512.Create(a9[2 * rowStride]);
            cB0 = Vector512.FusedMultiplyAdd(x, b0, cB0);
            cB1 = Vector512.FusedMultiplyAdd(x, b1, cB1);
            x = Vector512.Create(aC[0]);
            cC0 = Vector512.FusedMultiplyAdd(x, b0, cC0);
            cC1 = Vector512.FusedMultiplyAdd(x, b1, cC1);
            x = Vector512.Create(aC[rowStride]);
            cD0 = Vector512.FusedMultiplyAdd(x, b0, cD0);
            cD1 = Vector512.FusedMultiplyAdd(x, b1, cD1);
            b += Columns;
            a0 += kStride;
            a3 += kStride;
            a6 += kStride;
            a9 += kStride;
            aC += kStride;
        }

        if (addend != null)
        {
            c00 += Vector512.Load(addend);
            c01 += Vector512.Load(addend + 16);
            c10 += Vector512.Load(addend + ldAddend);
            c11 += Vector512.Load(addend + ldAddend + 16);
            c20 += Vector512.Load(addend + (2 * ldAddend));
            c21 += Vector512.Load(addend + (2 * ldAddend) + 16);
            c30 += Vector512.Load(addend + (3 * ldAddend));
            c31 += Vector512.Load(addend + (3 * ldAddend) + 16);
            c40 += Vector512.Load(addend + (4 * ldAddend));
            c41 += Vector512.Load(addend + (4 * ldAddend) + 16);
            c50 += Vector512.Load(addend + (5 * ldAddend));
            c51 += Vector512.Load(addend + (5 * ldAddend) + 16);
            c60 += Vector512.Load(addend + (6 * ldAddend));
            c61 += Vector512.Load(addend + (6 * ldAddend) + 16);
            c70 += Vector512.Load(addend + (7 * ldAddend));
            c71 += Vector512.Load(addend + (7 * ldAddend) + 16);
            c80 += Vector512.Load(addend + (8 * ldAddend));
            c81 += Vector512.Load(addend + (8 * ldAddend) + 16);
            c90 += Vector512.Load(addend + (9 * ldAddend));
            c91 += Vector512.Load(addend + (9 * ldAddend) + 16);
            cA0 += Vector512.Load(addend + (10 * ldAddend));
            cA1 += Vector512.Load(addend + (10 * ldAddend) + 16);
            cB0 += Vector512.Load(addend + (11 * ldAddend));
            cB1 += Vector512.Load(addend + (11 * ldAddend) + 16);
            cC0 += Vector512.Load(addend + (12 * ldAddend));
            cC1 += Vector512.Load(addend + (12 * ldAddend) + 16);
            cD0 += Vector512.Load(addend + (13 * ldAddend));
            cD1 += Vector512.Load(addend + (13 * ldAddend) + 16);
        }

        c00.Store(c);
        c01.Store(c + 16);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 16);
        c20.Store(c + (2 * ldc));
        c21.Store(c + (2 * ldc) + 16);
        c30.Store(c + (3 * ldc));
        c31.Store(c + (3 * ldc) + 16);
        c40.Store(c + (4 * ldc));
        c41.Store(c + (4 * ldc) + 16);
        c50.Store(c + (5 * ldc));
        c51.Store(c + (5 * ldc) + 16);
        c60.Store(c + (6 * ldc));
        c61.Store(c + (6 * ldc) + 16);
        c70.Store(c + (7 * ldc));
        c71.Store(c + (7 * ldc) + 16);
        c80.Store(c + (8 * ldc));
        c81.Store(c + (8 * ldc) + 16);
        c90.Store(c + (9 * ldc));
        c91.Store(c + (9 * ldc) + 16);
        cA0.Store(c + (10 * ldc));
        cA1.Store(c + (10 * ldc) + 16);
        cB0.Store(c + (11 * ldc));
        cB1.Store(c + (11 * ldc) + 16);
        cC0.Store(c + (12 * ldc));
        cC1.Store(c + (12 * ldc) + 16);
        cD0.Store(c + (13 * ldc));
        cD1.Store(c + (13 * ldc) + 16);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyTail(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector512<float> c00 = Vector512<float>.Zero, c01 = Vector512<float>.Zero;
        Vector512<float> c10 = Vector512<float>.Zero, c11 = Vector512<float>.Zero;
        float* a0 = a;
        CacheLines.Rows(c, ldc, TailRows);
        for (int i = 0; i < k; i++)
        {
            Vector512<float> b0 = Vector512.Load(b), b1 = Vector512.Load(b + 16);
            Vector512<float> x = Vector512.Create(a0[0]);
            c00 = Vector512.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector512.FusedMultiplyAdd(x, b1, c01);
            x = Vector512.Create(a0[rowStride]);
            c10 = Vector512.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector512.FusedMultiplyAdd(x, b1, c11);
            b += Columns;
            a0 += kStride;
        }

        if (addend != null)
        {
            c00 += Vector512.Load(addend);
            c01 += Vector512.Load(addend + 16);
            c10 += Vector512.Load(addend + ldAddend);
            c11 += Vector512.Load(addend + ldAddend + 16);
        }

        c00.Store(c);
        c01.Store(c + 16);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 16);
    }
}
