using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void MultiplyQuantized(in WeightProduct product, in QuantizedMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        weight.Validate();
        for (int token = 0; token < product.Tokens; token++)
        {
            float* x = product.X.Pointer + ((long)token * weight.Columns);
            for (int row = 0; row < weight.Rows; row++)
            {
                double sum = 0;
                for (int column = 0; column < weight.Columns; column++)
                {
                    sum += (double)x[column] * Value(weight, row, column);
                }

                Finish(product, token, row, weight.Rows, sum);
            }
        }
    }

    public void MultiplyInteger(in WeightProduct product, in QuantizedMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        KernelChecks.Integer(weight);
        Span<byte> codes = new byte[weight.Columns];
        for (int token = 0; token < product.Tokens; token++)
        {
            (float low, float scale) = ActivationCodes.Quantize(
                new ReadOnlySpan<float>(product.X.Pointer + ((long)token * weight.Columns), weight.Columns), codes);
            for (int row = 0; row < weight.Rows; row++)
            {
                long products = 0, left = 0, right = weight.CodeSums.Pointer[row];
                for (int column = 0; column < weight.Columns; column++)
                {
                    products += codes[column] * Code(weight, row, column);
                    left += codes[column];
                }

                // (low + scale · c) · (zero + Δ · d), summed up.
                double delta = weight.Scales.Pointer[row], zero = weight.Zeros.Pointer[row];
                double sum = (low * ((weight.Columns * zero) + (delta * right))) + (scale * ((zero * left) + (delta * products)));
                Finish(product, token, row, weight.Rows, sum);
            }
        }
    }

    public void MultiplySparse(in WeightProduct product, in SparseMatrix weight)
    {
        product.Validate(weight.Rows, weight.Columns);
        weight.Validate();
        for (int token = 0; token < product.Tokens; token++)
        {
            float* x = product.X.Pointer + ((long)token * weight.Columns);
            for (int row = 0; row < weight.Rows; row++)
            {
                double sum = 0;
                for (int block = 0; block < weight.Blocks; block++)
                {
                    (int begin, int end) = weight.Locate(block, row);
                    for (int i = begin; i < end; i++)
                    {
                        sum += (double)x[(block * SparseMatrix.Block) + weight.Places.Pointer[i]] * weight.Values.Pointer[i];
                    }
                }

                Finish(product, token, row, weight.Rows, sum);
            }
        }
    }

    public void GatherQuantized(DeviceSpan<int> rows, in QuantizedMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        table.Validate();
        KernelChecks.Gather(rows, table.Rows, table.Columns, y);
        for (int i = 0; i < rows.Length; i++)
        {
            for (int column = 0; column < table.Columns; column++)
            {
                float* target = y.Pointer + ((long)i * table.Columns) + column;
                *target = (accumulate ? *target : 0) + Value(table, rows.Pointer[i], column);
            }
        }
    }

    public void GatherSparse(DeviceSpan<int> rows, in SparseMatrix table, DeviceSpan<float> y, bool accumulate)
    {
        table.Validate();
        KernelChecks.Gather(rows, table.Rows, table.Columns, y);
        for (int i = 0; i < rows.Length; i++)
        {
            SparseRow.Scatter(table, rows.Pointer[i], y.Pointer + ((long)i * table.Columns), accumulate);
        }
    }

    private static int Code(in QuantizedMatrix weight, int row, int column)
    {
        (long at, int shift) = weight.Locate(row, column);
        return (weight.Codes.Pointer[at] >> shift) & (weight.Narrow ? 15 : 255);
    }

    private static float Value(in QuantizedMatrix weight, int row, int column)
    {
        int block = column / QuantizedMatrix.Block, bit = column % QuantizedMatrix.Block;
        if (!weight.Mask.IsEmpty && ((weight.Mask.Pointer[((long)row * weight.Blocks) + block] >> bit) & 1) == 0)
        {
            return 0;
        }

        long group = ((long)row * weight.Groups) + (weight.Groups == 1 ? 0 : column / weight.GroupColumns);
        return MathF.FusedMultiplyAdd(weight.Scales.Pointer[group], Code(weight, row, column), weight.Zeros.Pointer[group]);
    }

    private static void Finish(in WeightProduct product, int token, int row, int rows, double sum)
    {
        double x = product.Bias.IsEmpty ? sum : sum + product.Bias.Pointer[row];
        product.Y.Pointer[((long)token * rows) + row] = (float)ScalarMath.Apply(product.Activation, x).Value;
    }
}
