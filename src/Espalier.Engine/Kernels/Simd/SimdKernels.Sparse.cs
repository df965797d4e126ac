using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    // Results of so many rows of the weight stay in the second-level cache beside the activations.
    private const int MostSparseRows = 1024;

    // Tokens whose results are turned together: a line of each is open, more would drive one another from the first-level cache.
    private const int TokensTurned = 16;

    public void MultiplySparse(in WeightProduct product, in SparseMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        weight.Validate();
        if (product.Tokens == 0 || weight.Rows == 0)
        {
            return;
        }

        if (product.Tokens == 1)
        {
            Path = "element by element";
            RunDivided(
                new SparseDotsJob { Product = product, Weight = weight },
                (weight.Rows + SparseMatrix.Window - 1) / SparseMatrix.Window,
                weight.Values.Length);
            return;
        }

        bool wide = product.Tokens > 2 * TLanes.Count;
        Path = wide ? "elements times four vectors of tokens" : "elements times a vector of tokens";
        int width = wide ? SparseTokens<TLanes>.Wide : TLanes.Count;
        int blocks = (product.Tokens + width - 1) / width;

        // Where tokens alone do not occupy the workers, rows are divided too.
        int parts = Math.Max((weight.Rows + MostSparseRows - 1) / MostSparseRows, blocks >= 2 * _team.Size ? 1 : 2 * _team.Size / blocks);
        int windows = (weight.Rows + SparseMatrix.Window - 1) / SparseMatrix.Window;
        int rows = (windows + parts - 1) / parts * SparseMatrix.Window;
        parts = (weight.Rows + rows - 1) / rows;
        RunDivided(
            new SparseJob { Product = product, Weight = weight, Wide = wide, Width = width, RowsOfPart = rows, Parts = parts, Scratch = _scratch },
            blocks * parts,
            (long)weight.Rows * weight.Columns);
    }

    // One token. An item is a window of the weight's rows.
    private struct SparseDotsJob : IDividedJob
    {
        public WeightProduct Product;
        public SparseMatrix Weight;

        public readonly void Run(int worker, int begin, int end)
        {
            (begin, end) = (begin * SparseMatrix.Window, Math.Min(end * SparseMatrix.Window, Weight.Rows));
            SparseDots.Multiply(Weight, begin, end, Product.X.Pointer, Product.Y.Pointer);
            Finish(Product, Weight.Rows, begin, end);
        }
    }

    private struct SparseJob : IDividedJob
    {
        public WeightProduct Product;
        public SparseMatrix Weight;
        public bool Wide;
        public int Width;
        public int RowsOfPart;
        public int Parts;
        public WorkerScratch Scratch;

        // An item is a block of tokens with a part of the weight's rows; the activations are turned once for all of a block.
        public readonly void Run(int worker, int begin, int end)
        {
            (int inputs, int outputs) = (Weight.Columns, Weight.Rows);
            float* x = Scratch.Take(worker, (long)(inputs + RowsOfPart) * Width);
            float* y = x + ((nint)inputs * Width);
            int turned = -1;
            for (int item = begin; item < end; item++)
            {
                int block = item / Parts, first = item % Parts * RowsOfPart, last = Math.Min(first + RowsOfPart, outputs);
                int token = block * Width, tokens = Math.Min(Width, Product.Tokens - token);
                if (block != turned)
                {
                    Packing.PackBTransposed(inputs, tokens, Product.X.Pointer + ((nint)token * inputs), inputs, Width, x);
                    turned = block;
                }

                new Span<float>(y, (last - first) * Width).Clear();
                SparseTokens<TLanes>.Multiply(Weight, first, last, Wide, x, y);
                for (int t = 0; t < tokens; t += TokensTurned)
                {
                    Packing.TransposeBlock(
                        last - first, Math.Min(TokensTurned, tokens - t), y + t, Width,
                        Product.Y.Pointer + ((nint)(token + t) * outputs) + first, outputs);
                }

                Finish(
                    Product with { Tokens = tokens, Y = Product.Y.Slice((long)token * outputs, (long)tokens * outputs) }, outputs, first, last);
            }
        }
    }
}
