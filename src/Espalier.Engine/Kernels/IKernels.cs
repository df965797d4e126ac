using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Kernels;

/// <summary>
/// Everything that a device computes. <c>Reference/</c> is the definition in plain loops; every other implementation gives
/// the same results up to rounding, and the same bits every time with the same number of threads.
/// </summary>
/// <remarks>
/// Sizes: N tokens (rows) of a batch laid end to end, H hidden (columns), V vocabulary. Matrices are row-major without gaps
/// where no leading dimension is given. Results are overwritten unless a name or a flag says that they accumulate.
/// Inputs and results must not overlap except where a kernel says "in place".
/// </remarks>
public interface IKernels
{
    /// <summary>A product of matrices with its epilogue; see <see cref="GemmArguments"/>.</summary>
    void Gemm(in GemmArguments arguments);

    /// <summary>Products of <paramref name="count"/> pairs of equal shape; the spans of <paramref name="first"/> reach over
    /// all of them, each matrix begins a stride (in elements) behind the one before. No epilogue.</summary>
    void GemmBatched(in GemmArguments first, int count, long strideA, long strideB, long strideC);

    /// <summary>yNO = activation(x·Wᵀ + b) with a quantized weight; activations in single precision (the paper's §4.2).</summary>
    void MultiplyQuantized(in WeightProduct product, in QuantizedMatrix weight);

    /// <summary>
    /// The same with activations quantized as well, each row to 7 bits between its smallest value (or 0) and its largest (or
    /// 0): code = round((x − low) · 127 / (high − low)), halves to even. Products and sums are those of integers and exact. 7 bits, not 8,
    /// so that the sum of two products of bytes fits 16 bits, which is what processors add without loss. The weight has a byte for
    /// each code, one group a row, and the sums of its codes.
    /// </summary>
    void MultiplyInteger(in WeightProduct product, in QuantizedMatrix weight);

    /// <summary>yNO = activation(x·Wᵀ + b) with a sparse weight.</summary>
    void MultiplySparse(in WeightProduct product, in SparseMatrix weight);

    /// <summary>y[i] = table[rows[i]], or y[i] += where <paramref name="accumulate"/>.</summary>
    void GatherQuantized(DeviceSpan<int> rows, in QuantizedMatrix table, DeviceSpan<float> y, bool accumulate);

    /// <summary>y[i] = table[rows[i]], or y[i] += where <paramref name="accumulate"/>.</summary>
    void GatherSparse(DeviceSpan<int> rows, in SparseMatrix table, DeviceSpan<float> y, bool accumulate);

    /// <summary>yNH = (x − mean) · reciprocal deviation · gain + bias, by row; keeps meanN and rstdN.</summary>
    void LayerNorm(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd);

    /// <summary>
    /// sumNH = residual + dropout(x); yNH = layer norm of sum. One pass over memory for what three kernels would do.
    /// Rows of the mask are tokens, columns hidden units.
    /// </summary>
    void ResidualDropoutLayerNorm(int rows, int columns, DeviceSpan<float> residual, DeviceSpan<float> x, DropoutMask dropout,
        DeviceSpan<float> gain, DeviceSpan<float> bias, float epsilon,
        DeviceSpan<float> sum, DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd);

    /// <summary>
    /// Backward of <see cref="LayerNorm"/>: dx = gradient through the norm, plus <paramref name="dResidual"/> where it is not
    /// empty (it may be dx itself). Gradients of gain and bias accumulate or overwrite by
    /// <paramref name="accumulateParameters"/>.
    /// </summary>
    void LayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> x, DeviceSpan<float> gain,
        DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters);

    /// <summary>
    /// Backward of <see cref="ResidualDropoutLayerNorm"/>: as <see cref="LayerNormBackward"/> for the sum, giving the
    /// residual's gradient <paramref name="dSum"/>, and <paramref name="dx"/> = dropout(dSum) in the same pass.
    /// </summary>
    void ResidualDropoutLayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> sum,
        DeviceSpan<float> gain, DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DropoutMask dropout, DeviceSpan<float> dSum, DeviceSpan<float> dx,
        DeviceSpan<float> dGain, DeviceSpan<float> dBias, bool accumulateParameters);

    /// <summary>y = activation(x); also its derivative where that span is not empty. In place: y may be x.</summary>
    void Activate(Activation activation, DeviceSpan<float> x, DeviceSpan<float> y, DeviceSpan<float> derivative);

    /// <summary>y = a · b by element. In place: y may be a or b.</summary>
    void Multiply(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y);

    /// <summary>y = a + b by element. In place: y may be a or b.</summary>
    void Add(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y);

    /// <summary>y = x · factor by element. In place: y may be x.</summary>
    void Scale(DeviceSpan<float> x, float factor, DeviceSpan<float> y);

    /// <summary>Every element becomes <paramref name="value"/>.</summary>
    void Fill(DeviceSpan<float> x, float value);

    /// <summary>y = x · mask by element, or y += x · mask. Forward and backward alike. In place: y may be x.</summary>
    void Dropout(int rows, int columns, DeviceSpan<float> x, DropoutMask mask, DeviceSpan<float> y, bool accumulate);

    /// <summary>yNH = table[ids] · scale + positions[places]; ids and places index rows; no places, no second term.</summary>
    void EmbeddingGather(DeviceSpan<int> ids, DeviceSpan<int> places, int columns, DeviceSpan<float> table,
        DeviceSpan<float> positions, float scale, DeviceSpan<float> y);

    /// <summary>dTable[ids] += dyNH · scale. Rows with the same id are added in the order of the batch.</summary>
    void EmbeddingScatterAdd(DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, float scale, DeviceSpan<float> dTable);

    /// <summary>y[i] = x[rows[i]], row by row.</summary>
    void GatherRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y);

    /// <summary>y[to[i]] = x[from[i]], row by row; a row of y is named once at most. y may be x where no row is both read and
    /// written.</summary>
    void CopyRows(DeviceSpan<int> from, DeviceSpan<int> to, int columns, DeviceSpan<float> x, DeviceSpan<float> y);

    /// <summary>y[rows[i]] += x[i], row by row; equal rows are added in the order given.</summary>
    void ScatterAddRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y);

    /// <summary>Attention over unpadded sequences; see <see cref="AttentionArguments"/>.</summary>
    void Attention(in AttentionArguments arguments);

    /// <summary>Backward of <see cref="Attention"/> from O and the kept log-sum-exp.</summary>
    void AttentionBackward(in AttentionArguments arguments, in AttentionGradients gradients);

    /// <summary>
    /// Softmax and cross-entropy with label smoothing (Szegedy et al. 2016, §7) in place: each row's loss goes to
    /// <paramref name="losses"/>, (1 − s)·nll + s·mean over classes of −log p; the logits are replaced by their gradient
    /// times <paramref name="gradientScale"/>.
    /// </summary>
    void SoftmaxCrossEntropy(int rows, int classes, DeviceSpan<float> logits, DeviceSpan<int> targets, float smoothing,
        float gradientScale, DeviceSpan<float> losses);

    /// <summary>y = log softmax(x) by row. In place: y may be x.</summary>
    void LogSoftmax(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y);

    /// <summary>
    /// The <paramref name="count"/> largest of log softmax(x) of each row, in descending order, of equals that of the lower column
    /// first, and their columns: rows × count each. Columns in <paramref name="except"/> are passed over, though they count in the
    /// sum. Where no number is left, the value is −∞ and the column 0.
    /// </summary>
    void LargestLogProbabilities(int rows, int columns, DeviceSpan<float> x, int count, DeviceSpan<int> except,
        DeviceSpan<float> values, DeviceSpan<int> places);

    /// <summary>sums[c] = sum over rows of x[r, c], added to what is there if asked; a bias's gradient.</summary>
    void SumRows(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> sums, bool accumulate);

    /// <summary>result[0] = sum of x, times <paramref name="scale"/>.</summary>
    void Sum(DeviceSpan<float> x, float scale, DeviceSpan<float> result);

    /// <summary>result[0] = sum of squares of x; blocks in single precision, their sums in double.</summary>
    void SumOfSquares(DeviceSpan<float> x, DeviceSpan<float> result);

    /// <summary>One optimizer step over flat parameters; see <see cref="AdamWArguments"/>.</summary>
    void AdamW(in AdamWArguments arguments);
}
