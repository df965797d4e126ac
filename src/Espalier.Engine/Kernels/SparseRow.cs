namespace Espalier.Engine.Kernels;

/// <summary>One row of a sparse matrix, for tables of embeddings.</summary>
internal static unsafe class SparseRow
{
    /// <summary>y = row, or y += row.</summary>
    public static void Scatter(in SparseMatrix table, int row, float* y, bool accumulate)
    {
        if (!accumulate)
        {
            new Span<float>(y, table.Columns).Clear();
        }

        for (int block = 0; block < table.Blocks; block++, y += SparseMatrix.Block)
        {
            (int begin, int end) = table.Locate(block, row);
            for (int i = begin; i < end; i++)
            {
                y[table.Places.Pointer[i]] += table.Values.Pointer[i];
            }
        }
    }
}
