namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void Gemm(in GemmArguments arguments)
    {
        arguments.Validate();
        Multiply(arguments, arguments.A.Pointer, arguments.B.Pointer, arguments.C.Pointer);
    }

    public void GemmBatched(in GemmArguments first, int count, long strideA, long strideB, long strideC)
    {
        first.ValidateBatched(count, strideA, strideB, strideC);
        for (int i = 0; i < count; i++)
        {
            Multiply(first, first.A.Pointer + (i * strideA), first.B.Pointer + (i * strideB), first.C.Pointer + (i * strideC));
        }
    }

    private static void Multiply(in GemmArguments g, float* a, float* b, float* c)
    {
        // Elements from one term of the sum to the next, and from one row or column to the next.
        long rowA = g.TransposeA ? 1 : g.LdA, termA = g.TransposeA ? g.LdA : 1;
        long termB = g.TransposeB ? 1 : g.LdB, columnB = g.TransposeB ? g.LdB : 1;
        for (int row = 0; row < g.M; row++)
        {
            for (int column = 0; column < g.N; column++)
            {
                float* left = a + (row * rowA), right = b + (column * columnB);
                double sum = 0;
                for (int term = 0; term < g.K; term++)
                {
                    sum += (double)left[term * termA] * right[term * termB];
                }

                long at = ((long)row * g.LdC) + column;
                c[at] = (float)(g.Accumulate ? c[at] + sum : Epilogue(g, sum, column, at));
            }

            if (!g.RowSums.IsEmpty)
            {
                AddRowSum(g, row, a + (row * rowA), termA);
            }
        }
    }

    private static void AddRowSum(in GemmArguments g, int row, float* a, long termA)
    {
        double sum = g.Accumulate ? g.RowSums.Pointer[row] : 0;
        for (int term = 0; term < g.K; term++)
        {
            sum += a[term * termA];
        }

        g.RowSums.Pointer[row] = (float)sum;
    }

    private static double Epilogue(in GemmArguments g, double sum, int column, long at)
    {
        double x = g.Bias.IsEmpty ? sum : sum + g.Bias.Pointer[column];
        (double value, double derivative) = ScalarMath.Apply(g.Activation, x);
        if (!g.Derivative.IsEmpty)
        {
            g.Derivative.Pointer[at] = (float)derivative;
        }

        return g.Factor.IsEmpty ? value : value * g.Factor.Pointer[at];
    }
}
