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

    /// <summary>Multiplications and additions of the product.</summary>
    public long Flops => 2L * M * N * K;

    /// <summary>Checks sizes against spans.</summary>
    /// <exception cref="ArgumentException">A size is negative, a leading dimension too small, a span too short, or an
    /// epilogue was combined with accumulation.</exception>
    internal void Validate()
    {
        Require(M >= 0 && N >= 0 && K >= 0, "negative size");
        RequireMatrix("A", A, TransposeA ? K : M, TransposeA ? M : K, LdA);
        RequireMatrix("B", B, TransposeB ? N : K, TransposeB ? K : N, LdB);
        RequireMatrix("C", C, M, N, LdC);
        bool epilogue = !Bias.IsEmpty || Activation != Activation.None || !Derivative.IsEmpty || !Factor.IsEmpty;
        Require(!(Accumulate && epilogue), "an epilogue cannot follow accumulation");
        Require(Bias.IsEmpty || Bias.Length >= N, "bias shorter than N");
        if (!Derivative.IsEmpty)
        {
            RequireMatrix("derivative", Derivative, M, N, LdC);
        }

        if (!Factor.IsEmpty)
        {
            RequireMatrix("factor", Factor, M, N, LdC);
        }
    }

    private void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ArgumentException($"gemm of {M} × {K} by {K} × {N}: {fault}");
        }
    }

    private void RequireMatrix(string name, DeviceSpan<float> span, int rows, int columns, int leading)
    {
        Require(leading >= columns, $"leading dimension {leading} of {name} is under its {columns} columns");
        long needed = rows == 0 || columns == 0 ? 0 : ((long)(rows - 1) * leading) + columns;
        Require(span.Length >= needed, $"{name} has {span.Length} elements, {needed} are needed");
    }
}
