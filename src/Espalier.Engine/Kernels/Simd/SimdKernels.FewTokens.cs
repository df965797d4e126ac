using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    // Whether DenseDots takes a product: the forward one of a linear layer, for few tokens; with a derivative too, so that a pass that is
    // recorded has the bits of one that is not.
    private static bool IsForFewTokens(in GemmArguments g)
        => g.M <= DenseDots<TLanes>.Most && g.TransposeB && !g.TransposeA && !g.Accumulate
            && g.QuantizedB.Codes.IsEmpty && g.Factor.IsEmpty && g.RowSums.IsEmpty;

    private void MultiplyFewTokens(in GemmArguments product)
    {
        int items = (product.N + DenseDotsJob.Columns - 1) / DenseDotsJob.Columns;
        RunDivided(new DenseDotsJob { Product = product }, items, (long)product.N * product.K);
    }

    // An item is some columns of C, rows of the weight.
    private struct DenseDotsJob : IDividedJob
    {
        public const int Columns = 32;

        public GemmArguments Product;

        public readonly void Run(int worker, int begin, int end)
        {
            (begin, end) = (begin * Columns, Math.Min(end * Columns, Product.N));
            DenseDots<TLanes>.Multiply(Product, begin, end);
            float* c = Product.C.Pointer + begin;
            for (int token = 0; token < Product.M; token++, c += Product.LdC)
            {
                float* derivative = Product.Derivative.IsEmpty ? null : Product.Derivative.Pointer + begin + ((nint)token * Product.LdC);
                if (!Product.Bias.IsEmpty)
                {
                    Elementwise<TLanes>.Add(end - begin, c, Product.Bias.Pointer + begin, c);
                }

                if (Product.Activation != Activation.None || derivative != null)
                {
                    Activations<TLanes>.Apply(Product.Activation, end - begin, c, c, derivative);
                }
            }
        }
    }
}
