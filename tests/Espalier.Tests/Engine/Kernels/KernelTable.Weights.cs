using Espalier.Engine.Kernels;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    // Few tokens and many, rows and columns around tiles, blocks and panels; several blocks of sums.
    private static readonly (int Tokens, int Rows, int Columns)[] WeightProducts =
    [
        (0, 3, 4), (1, 1, 1), (1, 33, 31), (3, 7, 33), (4, 6, 64), (5, 37, 100), (8, 5, 32), (9, 65, 70), (13, 32, 96), (16, 9, 97),
        (40, 130, 200), (70, 33, 390), (130, 50, 193), (18, 40, 850),
    ];

    private static IEnumerable<KernelCase> QuantizedProducts()
        => from size in WeightProducts
           from narrow in new[] { false, true }
           from groupColumns in new[] { 0, 32, 64 }
           from pruned in new[] { false, true }
           from bias in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.MultiplyQuantized),
               $"{size} narrow {narrow} groups of {groupColumns} pruned {pruned} bias {bias}",
               Work(size),
               (kernels, o) => kernels.MultiplyQuantized(
                   Product(o, size, bias), Quantized(o, size.Rows, size.Columns, narrow, groupColumns, pruned)));

    private static IEnumerable<KernelCase> IntegerProducts()
        => from size in WeightProducts
           from bias in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.MultiplyInteger),
               $"{size} bias {bias}",
               Work(size),
               (kernels, o) => kernels.MultiplyInteger(Product(o, size, bias), Quantized(o, size.Rows, size.Columns, false, 0)));

    private static IEnumerable<KernelCase> SparseProducts()
        => from size in WeightProducts
           from density in new[] { 0.05, 0.3, 1 }
           from bias in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.MultiplySparse),
               $"{size} density {density} bias {bias}",
               Work(size),
               (kernels, o) => kernels.MultiplySparse(Product(o, size, bias), Sparse(o, size.Rows, size.Columns, density)));

    private static IEnumerable<KernelCase> CompressedGathers()
        => from size in new (int Rows, int Columns)[] { (0, 7), (3, 1), (5, 33), (9, 200), (40, 128) }
           from accumulate in new[] { false, true }
           from kind in new[] { "wide", "narrow", "pruned", "sparse" }
           let count = size.Rows * size.Columns
           select new KernelCase(
               kind == "sparse" ? nameof(IKernels.GatherSparse) : nameof(IKernels.GatherQuantized),
               $"{size} {kind} accumulate {accumulate}",
               count,
               (kernels, o) =>
               {
                   var rows = o.Indices(size.Rows, 50);
                   var y = accumulate ? o.InOut("y", count, 1) : o.Output("y", count, 1);
                   if (kind == "sparse")
                   {
                       kernels.GatherSparse(rows, Sparse(o, 50, size.Columns, 0.2), y, accumulate);
                   }
                   else
                   {
                       kernels.GatherQuantized(rows, Quantized(o, 50, size.Columns, kind == "narrow", 32, kind == "pruned"), y, accumulate);
                   }
               });

    private static WeightProduct Product(Operands o, (int Tokens, int Rows, int Columns) size, bool bias) => new()
    {
        Tokens = size.Tokens,
        X = o.Input((long)size.Tokens * size.Columns),
        Bias = bias ? o.Input(size.Rows) : default,
        Activation = bias ? Activation.Gelu : Activation.None,
        Y = o.Output("y", (long)size.Tokens * size.Rows, 1 + (size.Columns / 2.0)),
    };

    private static QuantizedMatrix Quantized(Operands o, int rows, int columns, bool narrow, int groupColumns, bool pruned = false)
    {
        var matrix = new QuantizedMatrix { Rows = rows, Columns = columns, Narrow = narrow, GroupColumns = groupColumns == 0 ? columns : groupColumns };
        var random = new System.Random(5);
        byte[] codes = new byte[(long)rows * matrix.RowBytes];
        int[] sums = new int[rows], mask = [.. Enumerable.Range(0, rows * matrix.Blocks).Select(_ => random.Next(int.MinValue, int.MaxValue))];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                int word = mask[(row * matrix.Blocks) + (column / QuantizedMatrix.Block)];
                bool there = !pruned || ((word >> (column % QuantizedMatrix.Block)) & 1) != 0;
                int code = there ? random.Next(narrow ? 16 : 256) : 0;
                (long at, int shift) = matrix.Locate(row, column);
                codes[at] |= (byte)(code << shift);
                sums[row] += code;
            }
        }

        long scales = (long)rows * matrix.Groups;
        float largest = narrow ? 15 : 255;
        return matrix with
        {
            Codes = o.Bytes(codes),
            Scales = o.Input(scales, 1 / largest, 2 / largest),
            Zeros = o.Input(scales, -1, 0),
            CodeSums = o.Numbers(sums),
            Mask = pruned ? o.Numbers(mask) : default,
        };
    }

    private static SparseMatrix Sparse(Operands o, int rows, int columns, double density)
    {
        var matrix = new SparseMatrix { Rows = rows, Columns = columns };
        var random = new System.Random(6);
        List<int> starts = [0];
        List<byte> places = [];
        for (int block = 0; block < matrix.Blocks; block++)
        {
            for (int row = 0; row < rows; row++)
            {
                places.AddRange(
                    from column in Enumerable.Range(0, Math.Min(SparseMatrix.Block, columns - (block * SparseMatrix.Block)))
                    where random.NextDouble() < density
                    select (byte)column);
                places.AddRange(Enumerable.Repeat((byte)0, places.Count % 2));
                starts.Add(places.Count);
            }
        }

        // Any order of a window's rows is as good as another here.
        byte[] order = [
            .. from block in Enumerable.Range(0, matrix.Blocks)
               from window in Enumerable.Range(0, rows).Chunk(SparseMatrix.Window)
               from row in window.Reverse()
               select (byte)(row % SparseMatrix.Window)];
        return matrix with { Starts = o.Numbers([.. starts]), Order = o.Bytes(order), Places = o.Bytes([.. places]), Values = o.Input(places.Count) };
    }
}
