using Espalier.Engine.Memory;

namespace Espalier.Engine.Kernels.Reference;

internal sealed unsafe partial class ReferenceKernels
{
    public void EmbeddingGather(DeviceSpan<int> ids, DeviceSpan<int> places, int columns, DeviceSpan<float> table,
        DeviceSpan<float> positions, float scale, DeviceSpan<float> y)
    {
        KernelChecks.EmbeddingGather(ids, places, columns, table, positions, y);
        for (long row = 0; row < ids.Length; row++)
        {
            float* word = table.Pointer + ((long)ids.Pointer[row] * columns);
            for (int column = 0; column < columns; column++)
            {
                double value = (double)word[column] * scale;
                if (!places.IsEmpty)
                {
                    value += positions.Pointer[((long)places.Pointer[row] * columns) + column];
                }

                y.Pointer[(row * columns) + column] = (float)value;
            }
        }
    }

    public void EmbeddingScatterAdd(DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, float scale, DeviceSpan<float> dTable)
    {
        KernelChecks.EmbeddingScatterAdd(ids, columns, dy, dTable);
        AddToRows(ids, columns, dy.Pointer, scale, dTable.Pointer);
    }

    public void GatherRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.GatherRows(rows, columns, x, y);
        for (long i = 0; i < rows.Length; i++)
        {
            for (int column = 0; column < columns; column++)
            {
                y.Pointer[(i * columns) + column] = x.Pointer[((long)rows.Pointer[i] * columns) + column];
            }
        }
    }

    public void CopyRows(DeviceSpan<int> from, DeviceSpan<int> to, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.CopyRows(from, to, columns, x, y);
        for (long i = 0; i < from.Length; i++)
        {
            for (int column = 0; column < columns; column++)
            {
                y.Pointer[((long)to.Pointer[i] * columns) + column] = x.Pointer[((long)from.Pointer[i] * columns) + column];
            }
        }
    }

    public void ScatterAddRows(DeviceSpan<int> rows, int columns, DeviceSpan<float> x, DeviceSpan<float> y)
    {
        KernelChecks.ScatterAddRows(rows, columns, x, y);
        AddToRows(rows, columns, x.Pointer, 1, y.Pointer);
    }

    public void SumRows(int rows, int columns, DeviceSpan<float> x, DeviceSpan<float> sums, bool accumulate)
    {
        KernelChecks.SumRows(rows, columns, x, sums);
        for (int column = 0; column < columns; column++)
        {
            double sum = accumulate ? sums.Pointer[column] : 0;
            for (int row = 0; row < rows; row++)
            {
                sum += x.Pointer[((long)row * columns) + column];
            }

            sums.Pointer[column] = (float)sum;
        }
    }

    public void Sum(DeviceSpan<float> x, float scale, DeviceSpan<float> result)
    {
        KernelChecks.Sum(result);
        double sum = 0;
        for (long i = 0; i < x.Length; i++)
        {
            sum += x.Pointer[i];
        }

        result.Pointer[0] = (float)(sum * scale);
    }

    public void SumOfSquares(DeviceSpan<float> x, DeviceSpan<float> result)
    {
        KernelChecks.SumOfSquares(result);
        double sum = 0;
        for (long i = 0; i < x.Length; i++)
        {
            sum += (double)x.Pointer[i] * x.Pointer[i];
        }

        result.Pointer[0] = (float)sum;
    }

    private static void AddToRows(DeviceSpan<int> rows, int columns, float* x, float scale, float* y)
    {
        for (long i = 0; i < rows.Length; i++)
        {
            for (int column = 0; column < columns; column++)
            {
                y[((long)rows.Pointer[i] * columns) + column] += x[(i * columns) + column] * scale;
            }
        }
    }
}
