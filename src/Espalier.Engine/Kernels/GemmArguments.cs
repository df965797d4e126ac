using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// A product of matrices, C = f(op(A)·op(B) + bias), in single precision; matrices are row-major with a leading dimension
/// (elements from one row to the next). C is M × N; op(A) is M × K; op(B) is K × N.
/// </summary>
/// <remarks>
/// The epilogue is worked on each block of C while it is in cache. With <see cref="Accumulate"/> there is no epilogue.
/// </remarks>
public readonly record struct GemmArguments
{
    /// <summary>A is stored as K × M.</summary>
    public bool TransposeA { get; init; }

    /// <summary>B is stored as N × K, as the weight of a linear layer is.</summary>
    public bool TransposeB { get; init; }

    /// <summary>Rows of C.</summary>
    public int M { get; init; }

    /// <summary>Columns of C.</summary>
    public int N { get; init; }

    /// <summary>Length of the sums.</summary>
    public int K { get; init; }

    /// <summary>The left factor.</summary>
    public DeviceSpan<float> A { get; init; }

    /// <summary>Leading dimension of A.</summary>
    public int LdA { get; init; }

    /// <summary>The right factor.</summary>
    public DeviceSpan<float> B { get; init; }

    /// <summary>Leading dimension of B.</summary>
    public int LdB { get; init; }

    /// <summary>What stands in B's place, as a stored B (N × K) whose elements are expanded when blocks of it are packed.</summary>
    internal QuantizedMatrix QuantizedB { get; init; }

    /// <summary>The result.</summary>
    public DeviceSpan<float> C { get; init; }

    /// <summary>Leading dimension of C, and of <see cref="Derivative"/> and <see cref="Factor"/>.</summary>
    public int LdC { get; init; }

    /// <summary>Adds to C instead of overwriting it.</summary>
    public bool Accumulate { get; init; }

    /// <summary>N values added to every row, or empty.</summary>
    public DeviceSpan<float> Bias { get; init; }

    /// <summary>The function applied to each element after the bias.</summary>
    public Activation Activation { get; init; }

    /// <summary>Where the derivative of the activation at each element is written (laid out as C), or empty.</summary>
    public DeviceSpan<float> Derivative { get; init; }

    /// <summary>What each element is multiplied by at the end (laid out as C), or empty: the backward pass of an
    /// activation whose <see cref="Derivative"/> was kept.</summary>
    public DeviceSpan<float> Factor { get; init; }

    /// <summary>Where the M sums of op(A)'s rows go, or empty; they overwrite or accumulate as C does. In the product that
    /// gives a weight's gradient these are the bias's.</summary>
    public DeviceSpan<float> RowSums { get; init; }

    /// <summary>Multiplications and additions of the product.</summary>
    public long Flops => 2L * M * N * K;

    /// <summary>Checks sizes against spans.</summary>
    /// <exception cref="ArgumentException">A size is negative, a leading dimension too small, a span too short, or an
    /// epilogue was combined with accumulation.</exception>
    internal void Validate()
    {
        if (M < 0 || N < 0 || K < 0)
        {
            throw Fault("negative size");
        }

        CheckMatrix("A", A, TransposeA ? K : M, TransposeA ? M : K, LdA);
        if (QuantizedB.Codes.IsEmpty)
        {
            CheckMatrix("B", B, TransposeB ? N : K, TransposeB ? K : N, LdB);
        }

        CheckMatrix("C", C, M, N, LdC);
        if (Accumulate && HasEpilogue)
        {
            throw Fault("an epilogue cannot follow accumulation");
        }

        if (!Bias.IsEmpty && Bias.Length < N)
        {
            throw Fault($"the bias has {Bias.Length} elements, {N} are needed");
        }

        if (!RowSums.IsEmpty && N == 0)
        {
            throw Fault("row sums come with a product; there is no column");
        }

        if (!RowSums.IsEmpty && RowSums.Length < M)
        {
            throw Fault($"the row sums have {RowSums.Length} elements, {M} are needed");
        }

        if (!Derivative.IsEmpty)
        {
            CheckMatrix("derivative", Derivative, M, N, LdC);
        }

        if (!Factor.IsEmpty)
        {
            CheckMatrix("factor", Factor, M, N, LdC);
        }
    }

    /// <summary>Checks that all of <paramref name="count"/> products, a stride apart, lie within the spans.</summary>
    /// <exception cref="ArgumentException">As <see cref="Validate"/>; or a stride is negative, lets results overlap or
    /// leads out of a span; or there is an epilogue.</exception>
    internal void ValidateBatched(int count, long strideA, long strideB, long strideC)
    {
        // One behind the other, or side by side within the rows of one matrix.
        bool apart = count < 2 || M < 1 || N < 1 || strideC >= ((M - 1) * (long)LdC) + N
            || (strideC >= N && strideC <= (LdC - N) / (count - 1));
        if (count < 0 || strideA < 0 || strideB < 0 || strideC < 0 || !apart)
        {
            throw Fault($"{count} products, strides {strideA}, {strideB} and {strideC}; expected none negative, results apart");
        }

        if (HasEpilogue || !RowSums.IsEmpty)
        {
            throw Fault("a batch has no epilogue and no row sums");
        }

        if (count > 0)
        {
            GemmArguments last = this with
            {
                A = Rest("A", A, count - 1, strideA),
                B = Rest("B", B, count - 1, strideB),
                C = Rest("C", C, count - 1, strideC),
            };
            last.Validate();
        }
    }

    private bool HasEpilogue => !Bias.IsEmpty || Activation != Activation.None || !Derivative.IsEmpty || !Factor.IsEmpty;

    private DeviceSpan<float> Rest(string name, DeviceSpan<float> span, int steps, long stride)
        => steps > 0 && stride > span.Length / steps
            ? throw Fault($"{steps + 1} matrices {stride} elements apart leave {name}")
            : span.Slice(steps * stride, span.Length - (steps * stride));

    private void CheckMatrix(string name, DeviceSpan<float> span, int rows, int columns, int leading)
    {
        if (leading < columns)
        {
            throw Fault($"leading dimension {leading} of {name} is under its {columns} columns");
        }

        long needed = rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * leading) + columns;
        if (span.Length < needed)
        {
            throw Fault($"{name} has {span.Length} elements, {needed} are needed");
        }
    }

    // Built only when there is a fault: a product of every layer of every step comes by here.
    private ArgumentException Fault(string fault) => new($"gemm of {M} × {K} by {K} × {N}: {fault}");
}
