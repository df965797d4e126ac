using Espalier.Engine.Memory;
using Espalier.Engine.Threading;

namespace Espalier.Engine.Kernels.Simd;

internal sealed unsafe partial class SimdKernels<TLanes, TTile>
{
    // Up to here codes are expanded in registers, again for every four tokens; beyond, once into panels.
    private const int FewTokens = 8;

    // With a mask the activations are summed once more for every token, where a panel is cleared once for all of them.
    private const int FewTokensOfPruned = 4;

    public void MultiplyQuantized(in WeightProduct product, in QuantizedMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        weight.Validate();
        if (product.Tokens == 0 || weight.Rows == 0)
        {
            return;
        }

        if (product.Tokens > (weight.Mask.IsEmpty ? FewTokens : FewTokensOfPruned))
        {
            Path = weight.Mask.IsEmpty ? "codes expanded into panels" : "codes expanded into panels, cleared by a mask";
            Gemm(new GemmArguments
            {
                M = product.Tokens,
                N = weight.Rows,
                K = weight.Columns,
                A = product.X,
                LdA = weight.Columns,
                QuantizedB = weight,
                C = product.Y,
                LdC = weight.Rows,
                Bias = product.Bias,
                Activation = product.Activation,
            });
            return;
        }

        Path = (weight.Narrow ? "half bytes expanded in registers" : "bytes expanded in registers") + (weight.Mask.IsEmpty ? "" : ", a mask for the zeros");
        int next = 0;
        var job = new DotsJob { Product = product, Weight = weight, Next = &next, Scratch = _scratch };
        Run(ref job, (long)weight.Rows * weight.Columns);
    }

    public void GatherQuantized(DeviceSpan<int> rows, in QuantizedMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        table.Validate();
        KernelChecks.Gather(rows, table.Rows, table.Columns, y);
        RunDivided(
            new GatherQuantizedJob { Rows = rows, Table = table, Y = y, Accumulate = accumulate, Scratch = _scratch },
            (int)rows.Length,
            rows.Length * table.Columns);
    }

    public void GatherSparse(DeviceSpan<int> rows, in SparseMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        table.Validate();
        KernelChecks.Gather(rows, table.Rows, table.Columns, y);
        RunDivided(
            new GatherSparseJob { Rows = rows, Table = table, Y = y, Accumulate = accumulate },
            (int)rows.Length,
            rows.Length * table.Columns);
    }

    // y of rows [begin, end) of the weight becomes activation(y + bias).
    private static void Finish(in WeightProduct product, int rows, int begin, int end)
    {
        for (int token = 0; token < product.Tokens; token++)
        {
            float* y = product.Y.Pointer + ((nint)token * rows) + begin;
            if (!product.Bias.IsEmpty)
            {
                Elementwise<TLanes>.Add(end - begin, y, product.Bias.Pointer + begin, y);
            }

            if (product.Activation != Activation.None)
            {
                Activations<TLanes>.Apply(product.Activation, end - begin, y, y, null);
            }
        }
    }

    private struct DotsJob : IParallelJob
    {
        private const int PiecesPerWorker = 8, RowGrain = 4;

        public WeightProduct Product;
        public QuantizedMatrix Weight;
        public int* Next;
        public WorkerScratch Scratch;

        // Every worker prepares the activations for itself, then takes rows of the weight as it comes to them.
        public readonly void Run(int worker, int workers)
        {
            int tokens = Product.Tokens, padded = Weight.Blocks * QuantizedMatrix.Block;
            int ofToken = Weight.Groups * TLanes.Count;
            float* x = Scratch.Take(worker, (long)tokens * (padded + ofToken));
            float* sums = x + ((nint)tokens * padded);
            for (int token = 0; token < tokens; token++)
            {
                Prepare(Product.X.Pointer + ((nint)token * Weight.Columns), x + ((nint)token * padded), sums + ((nint)token * ofToken));
            }

            int piece = Math.Max(RowGrain, Weight.Rows / (workers * PiecesPerWorker) / RowGrain * RowGrain);
            for (int begin; (begin = Interlocked.Add(ref *Next, piece) - piece) < Weight.Rows;)
            {
                int end = Math.Min(begin + piece, Weight.Rows);
                if (Weight.Narrow)
                {
                    QuantizedDots<TLanes, NarrowCodes<TLanes>>.Multiply(Weight, begin, end, tokens, x, sums, Product.Y.Pointer);
                }
                else
                {
                    QuantizedDots<TLanes, WideCodes<TLanes>>.Multiply(Weight, begin, end, tokens, x, sums, Product.Y.Pointer);
                }

                if (!Weight.Mask.IsEmpty)
                {
                    KeptSums<TLanes>.Add(Weight, begin, end, tokens, x, Product.Y.Pointer);
                }

                Finish(Product, Weight.Rows, begin, end);
            }
        }

        private readonly void Prepare(float* source, float* x, float* sums)
        {
            int padded = Weight.Blocks * QuantizedMatrix.Block;
            new Span<float>(source, Weight.Columns).CopyTo(new Span<float>(x, padded));
            new Span<float>(x + Weight.Columns, padded - Weight.Columns).Clear();
            if (!Weight.Mask.IsEmpty)
            {
                // What the zeros give is summed apart.
                new Span<float>(sums, Weight.Groups * TLanes.Count).Clear();
                return;
            }

            int length = Weight.Groups == 1 ? padded : Weight.GroupColumns;
            for (int group = 0, begin = 0; group < Weight.Groups; group++, begin += length)
            {
                TLanes sum = TLanes.Zero;
                for (int i = begin; i < Math.Min(begin + length, padded); i += TLanes.Count)
                {
                    sum += TLanes.Load(x + i);
                }

                sum.Store(sums + (group * TLanes.Count));
            }
        }
    }

    private struct GatherQuantizedJob : IDividedJob
    {
        public DeviceSpan<int> Rows;
        public QuantizedMatrix Table;
        public DeviceSpan<float> Y;
        public bool Accumulate;
        public WorkerScratch Scratch;

        public readonly void Run(int worker, int begin, int end)
        {
            int columns = Table.Columns;
            float* row = Scratch.Take(worker, Table.Blocks * QuantizedMatrix.Block);
            for (int i = begin; i < end; i++)
            {
                QuantizedRows<TLanes>.Expand(Table, Rows.Pointer[i], 0, Table.Blocks, row);
                float* y = Y.Pointer + ((nint)i * columns);
                if (Accumulate)
                {
                    Elementwise<TLanes>.Add(columns, y, row, y);
                }
                else
                {
                    new Span<float>(row, columns).CopyTo(new Span<float>(y, columns));
                }
            }
        }
    }

    private struct GatherSparseJob : IDividedJob
    {
        public DeviceSpan<int> Rows;
        public SparseMatrix Table;
        public DeviceSpan<float> Y;
        public bool Accumulate;

        public readonly void Run(int worker, int begin, int end)
        {
            for (int i = begin; i < end; i++)
            {
                SparseRow.Scatter(Table, Rows.Pointer[i], Y.Pointer + ((nint)i * Table.Columns), Accumulate);
            }
        }
    }
}
