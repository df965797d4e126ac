using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Espalier.Engine.Kernels.Simd;

/// <summary>4 × 8 with four-float vectors: eight sums of the 16 registers.</summary>
internal readonly unsafe struct Tile128 : ITile
{
    public static int Rows => 4;

    public static int Columns => 8;

    public static int TailRows => 2;

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Multiply(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector128<float> c00 = Vector128<float>.Zero, c01 = Vector128<float>.Zero;
        Vector128<float> c10 = Vector128<float>.Zero, c11 = Vector128<float>.Zero;
        Vector128<float> c20 = Vector128<float>.Zero, c21 = Vector128<float>.Zero;
        Vector128<float> c30 = Vector128<float>.Zero, c31 = Vector128<float>.Zero;
        float* a0 = a, a2 = a + (2 * rowStride);
        for (int i = 0; i < k; i++)
        {
            Vector128<float> b0 = Vector128.Load(b), b1 = Vector128.Load(b + 4);
            Vector128<float> x = Vector128.Create(a0[0]);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            x = Vector128.Create(a0[rowStride]);
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            x = Vector128.Create(a2[0]);
            c20 = Vector128.MultiplyAddEstimate(x, b0, c20);
            c21 = Vector128.MultiplyAddEstimate(x, b1, c21);
            x = Vector128.Create(a2[rowStride]);
            c30 = Vector128.MultiplyAddEstimate(x, b0, c30);
            c31 = Vector128.MultiplyAddEstimate(x, b1, c31);
            b += Columns;
            a0 += kStride;
            a2 += kStride;
        }

        if (addend != null)
        {
            c00 += Vector128.Load(addend);
            c01 += Vector128.Load(addend + 4);
            c10 += Vector128.Load(addend + ldAddend);
            c11 += Vector128.Load(addend + ldAddend + 4);
            c20 += Vector128.Load(addend + (2 * ldAddend));
            c21 += Vector128.Load(addend + (2 * ldAddend) + 4);
            c30 += Vector128.Load(addend + (3 * ldAddend));
            c31 += Vector128.Load(addend + (3 * ldAddend) + 4);
        }

        c00.Store(c);
        c01.Store(c + 4);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 4);
        c20.Store(c + (2 * ldc));
        c21.Store(c + (2 * ldc) + 4);
        c30.Store(c + (3 * ldc));
        c31.Store(c + (3 * ldc) + 4);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void MultiplyTail(int k, float* a, nint rowStride, nint kStride, float* b, float* c, nint ldc,
        float* addend, nint ldAddend)
    {
        Vector128<float> c00 = Vector128<float>.Zero, c01 = Vector128<float>.Zero;
        Vector128<float> c10 = Vector128<float>.Zero, c11 = Vector128<float>.Zero;
        float* a0 = a;
        for (int i = 0; i < k; i++)
        {
            Vector128<float> b0 = Vector128.Load(b), b1 = Vector128.Load(b + 4);
            Vector128<float> x = Vector128.Create(a0[0]);
            c00 = Vector128.MultiplyAddEstimate(x, b0, c00);
            c01 = Vector128.MultiplyAddEstimate(x, b1, c01);
            x = Vector128.Create(a0[rowStride]);
            c10 = Vector128.MultiplyAddEstimate(x, b0, c10);
            c11 = Vector128.MultiplyAddEstimate(x, b1, c11);
            b += Columns;
            a0 += kStride;
        }

        if (addend != null)
        {
            c00 += Vector128.Load(addend);
            c01 += Vector128.Load(addend + 4);
            c10 += Vector128.Load(addend + ldAddend);
            c11 += Vector128.Load(addend + ldAddend + 4);
        }

        c00.Store(c);
        c01.Store(c + 4);
        c10.Store(c + ldc);
        c11.Store(c + ldc + 4);
    }
}
