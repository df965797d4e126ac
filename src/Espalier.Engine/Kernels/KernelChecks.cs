using System.Runtime.CompilerServices;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels;

/// <summary>
/// What must hold before a kernel of a device touches memory; one check for each kernel of <see cref="IKernels"/> whose
/// arguments are not a record. Each throws <see cref="ArgumentException"/> naming kernel, span and what was needed.
/// Index tables are read, so these are for devices whose memory this process can read.
/// </summary>
internal static unsafe class KernelChecks
{
    public static void LayerNorm(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> gain, DeviceSpan<float> bias,
        DeviceSpan<float> y, DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        Matrix(x, rows, columns);
        Matrix(y, rows, columns);
        Matrix(gain, 1, columns);
        Matrix(bias, 1, columns);
        Matrix(mean, rows, 1);
        Matrix(rstd, rows, 1);
    }

    public static void ResidualDropoutLayerNorm(int rows, int columns, DeviceSpan<float> residual, DeviceSpan<float> x,
        DeviceSpan<float> gain, DeviceSpan<float> bias, DeviceSpan<float> sum, DeviceSpan<float> y,
        DeviceSpan<float> mean, DeviceSpan<float> rstd)
    {
        Matrix(residual, rows, columns);
        Matrix(sum, rows, columns);
        LayerNorm(rows, columns, x, gain, bias, y, mean, rstd);
    }

    public static void LayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> x, DeviceSpan<float> gain,
        DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias)
    {
        Matrix(dy, rows, columns);
        Matrix(x, rows, columns);
        Matrix(dx, rows, columns);
        Matrix(gain, 1, columns);
        Matrix(dGain, 1, columns);
        Matrix(dBias, 1, columns);
        Matrix(mean, rows, 1);
        Matrix(rstd, rows, 1);
        if (!dResidual.IsEmpty)
        {
            Matrix(dResidual, rows, columns);
        }
    }

    public static void ResidualDropoutLayerNormBackward(int rows, int columns, DeviceSpan<float> dy, DeviceSpan<float> sum,
        DeviceSpan<float> gain, DeviceSpan<float> mean, DeviceSpan<float> rstd, DeviceSpan<float> dResidual,
        DeviceSpan<float> dSum, DeviceSpan<float> dx, DeviceSpan<float> dGain, DeviceSpan<float> dBias)
    {
        Matrix(dx, rows, columns);
        LayerNormBackward(rows, columns, dy, sum, gain, mean, rstd, dResidual, dSum, dGain, dBias);
    }

    public static void Activate(DeviceSpan<float> x, DeviceSpan<float> y, DeviceSpan<float> derivative)
    {
        Same(x, y);
        if (!derivative.IsEmpty)
        {
            Same(x, derivative);
        }
    }

    public static void Multiply(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        Same(a, b);
        Same(a, y);
    }

    public static void Add(DeviceSpan<float> a, DeviceSpan<float> b, DeviceSpan<float> y)
    {
        Same(a, b);
        Same(a, y);
    }

    public static void Scale(DeviceSpan<float> x, DeviceSpan<float> y) => Same(x, y);

    public static void Dropout(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        Matrix(x, rows, columns);
        Matrix(y, rows, columns);
    }

    public static void EmbeddingGather(DeviceSpan<int> ids, DeviceSpan<int> places, int columns, DeviceSpan<float> table,
        DeviceSpan<float> positions, DeviceSpan<float> y)
    {
        Matrix(y, ids.Length, columns);
        Indices(ids, RowsOf(table, columns));
        if (!places.IsEmpty)
        {
            Same(ids, places);
            Indices(places, RowsOf(positions, columns));
        }
    }

    public static void EmbeddingScatterAdd(DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, DeviceSpan<float> dTable)
    {
        Matrix(dy, ids.Length, columns);
        Indices(ids, RowsOf(dTable, columns));
    }

    public static void GatherRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        Matrix(y, rows.Length, columns);
        Indices(rows, RowsOf(x, columns));
    }

    public static void CopyRows(DeviceSpan<int> from, DeviceSpan<int> to, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        Same(from, to);
        Indices(from, RowsOf(x, columns));
        Indices(to, RowsOf(y, columns));
    }

    public static void Gather(DeviceSpan<int> rows, int tableRows, int columns, DeviceSpan<float> y)
    {
        Matrix(y, rows.Length, columns);
        Indices(rows, tableRows);
    }

    public static void Integer(in QuantizedMatrix weight)
    {
        weight.Validate();
        if (weight.Groups != 1 || weight.Narrow || !weight.Mask.IsEmpty || weight.CodeSums.Length < weight.Rows)
        {
            throw new ArgumentException($"integer product with {weight.Groups} groups a row, {(weight.Narrow ? "half" : "whole")} bytes, "
                + $"{weight.CodeSums.Length} sums; expected one scale and one sum for each of {weight.Rows} rows, codes of a byte and no mask");
        }
    }

    public static void ScatterAddRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        Matrix(x, rows.Length, columns);
        Indices(rows, RowsOf(y, columns));
    }

    public static void SoftmaxCrossEntropy(int rows, int classes, DeviceSpan<float> logits, DeviceSpan<int> targets,
        DeviceSpan<float> losses)
    {
        Matrix(logits, rows, classes);
        Matrix(losses, rows, 1);
        Matrix(targets, rows, 1);
        Indices(targets.Slice(0, rows), classes, nameof(targets));
    }

    public static void LogSoftmax(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        Matrix(x, rows, columns);
        Matrix(y, rows, columns);
    }

    public static void LargestLogProbabilities(int rows, int columns, DeviceSpan<float> x, int count, DeviceSpan<int> except,
        DeviceSpan<float> values, DeviceSpan<int> places)
    {
        Matrix(x, rows, columns);
        Matrix(values, rows, count);
        Matrix(places, rows, count);
        Indices(except, columns);
    }

    public static void SumRows(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> sums)
    {
        Matrix(x, rows, columns);
        Matrix(sums, 1, columns);
    }

    public static void Sum(DeviceSpan<float> result) => Matrix(result, 1, 1);

    public static void SumOfSquares(DeviceSpan<float> result) => Matrix(result, 1, 1);

    private static long RowsOf(DeviceSpan<float> table, int columns) => columns > 0 ? table.Length / columns : 0;

    private static void Matrix<T>(DeviceSpan<T> span, long rows, long columns,
        [CallerArgumentExpression(nameof(span))] string name = "", [CallerMemberName] string kernel = "")
        where T : unmanaged
    {
        if (rows < 0 || columns < 0 || span.Length < rows * columns)
        {
            throw new ArgumentException($"{kernel}: {name} has {span.Length} elements, {rows} × {columns} are needed");
        }
    }

    private static void Same<T>(DeviceSpan<T> span, DeviceSpan<T> other,
        [CallerArgumentExpression(nameof(span))] string name = "", [CallerArgumentExpression(nameof(other))] string otherName = "",
        [CallerMemberName] string kernel = "")
        where T : unmanaged
    {
        if (span.Length != other.Length)
        {
            throw new ArgumentException(
                $"{kernel}: {name} has {span.Length} elements and {otherName} has {other.Length}; as many are needed");
        }
    }

    private static void Indices(DeviceSpan<int> indices, long rows,
        [CallerArgumentExpression(nameof(indices))] string name = "", [CallerMemberName] string kernel = "")
    {
        for (long i = 0; i < indices.Length; i++)
        {
            if ((uint)indices.Pointer[i] >= (ulong)rows)
            {
                throw new ArgumentException($"{kernel}: {name}[{i}] is {indices.Pointer[i]}; expected 0 to {rows - 1}");
            }
        }
    }
}
