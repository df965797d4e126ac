using System.Runtime.Intrinsics;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    // Up to here rows of the weight are read as they lie; beyond, panels of them are turned for whole tiles.
    private const int FewIntegerTokens = 4;

    private static readonly string s_dotsPath = $"integer dots, {IntegerTile.Instructions}";
    private static readonly string s_tilesPath = $"integer tiles, {IntegerTile.Instructions}";

    // One entry, for the caller: every worker reads the activations' codes.
    private readonly WorkerScratch _activationCodes = new(1);

    public void MultiplyInteger(in WeightProduct product, in QuantizedMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        KernelChecks.Integer(weight);
        if (product.Tokens == 0 || weight.Rows == 0)
        {
            return;
        }

        // Rows of codes in whole blocks, tokens in whole tiles; then low, scale and sum of codes for each token.
        int bytes = weight.Blocks * QuantizedMatrix.Block;
        long tokens = (product.Tokens + IntegerTile.Tokens - 1) / IntegerTile.Tokens * IntegerTile.Tokens;
        float* rows = _activationCodes.Take(0, (tokens * bytes / sizeof(float)) + (3 * tokens));
        byte* codes = (byte*)(rows + (3 * tokens));
        new Span<byte>(codes + ((long)product.Tokens * bytes), (int)((tokens - product.Tokens) * bytes)).Clear();
        RunDivided(
            new CodeActivationsJob { Product = product, Columns = weight.Columns, Bytes = bytes, Rows = rows, Codes = codes },
            product.Tokens,
            (long)product.Tokens * weight.Columns);
        bool few = product.Tokens <= FewIntegerTokens;
        Path = few ? s_dotsPath : s_tilesPath;
        RunDivided(
            new IntegerJob { Product = product, Weight = weight, Rows = rows, Codes = codes, Few = few, Scratch = _scratch },
            (weight.Rows + IntegerTile.Outputs - 1) / IntegerTile.Outputs,
            (long)weight.Rows * weight.Columns);
    }

    private struct CodeActivationsJob : IDividedJob
    {
        public WeightProduct Product;
        public int Columns;
        public int Bytes;
        public float* Rows;
        public byte* Codes;

        public readonly void Run(int worker, int begin, int end)
        {
            for (int token = begin; token < end; token++)
            {
                byte* codes = Codes + ((long)token * Bytes);
                IntegerRow.Quantize(
                    Columns, Bytes, Product.X.Pointer + ((long)token * Columns), codes, Rows + (3L * token));
            }
        }
    }

    // An item is a panel of 32 rows of the weight, with all tokens.
    private struct IntegerJob : IDividedJob
    {
        public WeightProduct Product;
        public QuantizedMatrix Weight;
        public float* Rows;
        public byte* Codes;
        public bool Few;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            int bytes = Weight.RowBytes, quads = bytes / 4;
            float* scratch = Scratch.Take(worker, ((long)quads * IntegerTile.Outputs) + (IntegerTile.Tokens * IntegerTile.Outputs));
            int* sums = (int*)scratch;
            sbyte* panel = (sbyte*)(scratch + (IntegerTile.Tokens * IntegerTile.Outputs));
            for (int item = begin; item < end; item++)
            {
                int row = item * IntegerTile.Outputs, rows = Math.Min(IntegerTile.Outputs, Weight.Rows - row);
                if (!Few)
                {
                    Pack(row, rows, quads, panel);
                }

                for (int token = 0; token < Product.Tokens; token += IntegerTile.Tokens)
                {
                    int tokens = Math.Min(IntegerTile.Tokens, Product.Tokens - token);
                    byte* codes = Codes + ((long)token * bytes);
                    if (Few)
                    {
                        Dots(row, rows, tokens, codes, sums);
                    }
                    else
                    {
                        IntegerTile.Multiply(quads, codes, bytes, panel, sums);
                    }

                    for (int t = 0; t < tokens; t++)
                    {
                        IntegerRow.Finish(
                            Weight, row, rows, Rows + (3L * (token + t)), sums + (t * IntegerTile.Outputs),
                            Product.Y.Pointer + ((long)(token + t) * Weight.Rows) + row);
                    }
                }

                SimdKernels<TLanes, TTile>.Finish(Product, Weight.Rows, row, row + rows);
            }
        }

        // Four bytes are moved as one float would be.
        private readonly void Pack(int row, int rows, int quads, sbyte* panel)
        {
            Packing.PackBTransposed(
                quads, rows, (float*)(Weight.Codes.Pointer + ((long)row * Weight.RowBytes)), quads, IntegerTile.Outputs, (float*)panel);
            for (nint i = 0; i < (nint)quads * IntegerTile.Outputs * 4; i += Vector256<byte>.Count)
            {
                (Vector256.Load((byte*)panel + i) ^ Vector256.Create((byte)0x80)).Store((byte*)panel + i);
            }
        }

        private readonly void Dots(int row, int rows, int tokens, byte* codes, int* sums)
        {
            for (int r = 0; r < rows; r++)
            {
                byte* weights = Weight.Codes.Pointer + ((long)(row + r) * Weight.RowBytes);
                for (int t = 0; t < tokens; t++)
                {
                    sums[(t * IntegerTile.Outputs) + r] = IntegerTile.Dot(Weight.RowBytes, codes + ((long)t * Weight.RowBytes), weights);
                }
            }
        }
    }
}
