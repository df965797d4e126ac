using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Tests.Engine.Kernels;

internal static partial class KernelTable
{
    // The last ones reach over several cache blocks of rows, columns and sums.
    private static readonly (int M, int N, int K)[] Products =
    [
        (1, 1, 1), (2, 7, 17), (7, 33, 2), (17, 64, 33), (33, 127, 64), (64, 17, 127), (127, 130, 7), (130, 200, 64),
        (200, 1, 130), (1, 200, 33), (64, 64, 64), (13, 70, 65), (3, 4, 0), (0, 4, 4), (4, 0, 4), (31, 400, 390), (70, 30, 800), (410, 30, 9),
    ];

    private static readonly (bool A, bool B)[] Layouts = [(false, false), (false, true), (true, false), (true, true)];

    private static IEnumerable<KernelCase> Gemm()
        => from size in Products
           from layout in Layouts
           from gap in new[] { 0, 3 }
           from accumulate in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.Gemm),
               $"{size} {Name(layout)} gap {gap} accumulate {accumulate}",
               Work(size),
               (kernels, o) => kernels.Gemm(Product(o, size, layout, gap, accumulate)));

    // Several blocks of sums and of columns; rows that are no whole panels.
    private static IEnumerable<KernelCase> GemmRowSums()
        => from size in new[] { (1, 1, 1), (17, 33, 64), (130, 27, 33), (31, 600, 390), (70, 30, 800) }
           from layout in Layouts
           from accumulate in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.Gemm),
               $"{size} {Name(layout)} row sums accumulate {accumulate}",
               Work(size),
               (kernels, o) =>
               {
                   GemmArguments product = Product(o, size, layout, 3, accumulate);
                   double magnitude = Magnitude(size);
                   kernels.Gemm(product with
                   {
                       RowSums = accumulate ? o.InOut("row sums", product.M, magnitude) : o.Output("row sums", product.M, magnitude),
                   });
               });

    private static IEnumerable<KernelCase> GemmEpilogue()
        => from size in new[] { (1, 1, 1), (17, 33, 64), (130, 127, 33), (7, 400, 390), (4, 5, 0), (1, 77, 130), (2, 33, 65), (3, 40, 31) }
           from activation in Enum.GetValues<Activation>()
           from bias in new[] { false, true }
           from derivative in new[] { false, true }
           from factor in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.Gemm),
               $"{size} bias {bias} {activation} derivative {derivative} factor {factor}",
               Work(size),
               (kernels, o) =>
               {
                   GemmArguments product = Product(o, size, (false, true), 2, accumulate: false);
                   long count = product.C.Length;
                   kernels.Gemm(product with
                   {
                       Bias = bias ? o.Input(product.N) : default,
                       Activation = activation,
                       Derivative = derivative ? o.Output("derivative", count, Magnitude(size)) : default,
                       Factor = factor ? o.Input(count) : default,
                   });
               });

    private static IEnumerable<KernelCase> GemmBatched()
        => from size in new[] { (7, 17, 33), (64, 64, 64), (1, 130, 2), (33, 1, 64) }
           from layout in Layouts
           from count in new[] { 0, 1, 2, 5 }
           from accumulate in new[] { false, true }
           from interleaved in new[] { false, true }
           select new KernelCase(
               nameof(IKernels.GemmBatched),
               $"{count} of {size} {Name(layout)} accumulate {accumulate} interleaved {interleaved}",
               count * Work(size),
               (kernels, o) => Batch(kernels, o, size, layout, count, accumulate, interleaved));

    // Interleaved: the matrices lie side by side, as attention heads do; otherwise one behind the other with a gap.
    private static void Batch(IKernels kernels, Operands o, (int M, int N, int K) size, (bool A, bool B) layout, int count,
        bool accumulate, bool interleaved)
    {
        (DeviceSpan<float> Span, int Leading, long Stride) Matrix(int rows, int columns, Func<long, DeviceSpan<float>> take)
            => interleaved
                ? (take((long)rows * columns * count), columns * Math.Max(count, 1), columns)
                : (take(count * ((rows * columns) + 5L)), columns, (rows * columns) + 5);

        (int m, int n, int k) = size;
        var a = Matrix(layout.A ? k : m, layout.A ? m : k, length => o.Input(length));
        var b = Matrix(layout.B ? n : k, layout.B ? k : n, length => o.Input(length));
        var c = Matrix(m, n, length => Result(o, length, size, accumulate));
        var first = new GemmArguments
        {
            TransposeA = layout.A,
            TransposeB = layout.B,
            M = m,
            N = n,
            K = k,
            Accumulate = accumulate,
            A = a.Span,
            LdA = a.Leading,
            B = b.Span,
            LdB = b.Leading,
            C = c.Span,
            LdC = c.Leading,
        };
        kernels.GemmBatched(first, count, a.Stride, b.Stride, c.Stride);
    }

    private static GemmArguments Product(Operands o, (int M, int N, int K) size, (bool A, bool B) layout, int gap, bool accumulate)
    {
        (int m, int n, int k) = size;
        int ldA = (layout.A ? m : k) + gap, ldB = (layout.B ? k : n) + (2 * gap), ldC = n + (gap / 2);
        return new GemmArguments
        {
            TransposeA = layout.A,
            TransposeB = layout.B,
            M = m,
            N = n,
            K = k,
            Accumulate = accumulate,
            A = o.Input(Length(layout.A ? k : m, layout.A ? m : k, ldA)),
            LdA = ldA,
            B = o.Input(Length(layout.B ? n : k, layout.B ? k : n, ldB)),
            LdB = ldB,
            C = Result(o, Length(m, n, ldC), size, accumulate),
            LdC = ldC,
        };
    }

    private static DeviceSpan<float> Result(Operands o, long length, (int M, int N, int K) size, bool accumulate)
        => accumulate ? o.InOut("C", length, Magnitude(size)) : o.Output("C", length, Magnitude(size));

    // The last row ends with its last element: what would be its gap lies behind the guard.
    private static long Length(int rows, int columns, int leading)
        => rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * leading) + columns;

    private static double Magnitude((int M, int N, int K) size) => 1 + (size.K / 8.0);

    private static long Work((int M, int N, int K) size) => (long)size.M * size.N * size.K;

    private static string Name((bool A, bool B) layout) => $"{(layout.A ? 'T' : 'N')}{(layout.B ? 'T' : 'N')}";
}
