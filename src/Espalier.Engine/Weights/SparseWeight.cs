using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Weights;

/// <summary>
/// A sparse matrix. Quantized elements are expanded when it is made: they then take five bytes each with their place, and
/// the product is that of sparse singles.
/// </summary>
public sealed class SparseWeight : Weight
{
    private readonly DeviceMemory _starts;
    private readonly DeviceMemory _order;
    private readonly DeviceMemory _places;
    private readonly DeviceMemory _values;
    private readonly SparseMatrix _matrix;

    internal SparseWeight(Device device, IReadOnlyList<CompressedTensor> parts)
        : base(Stacked(parts))
    {
        (int rows, int columns) = (Shape.Rows, Shape.Columns);
        float[] values = new float[Shape.Count];
        bool[] kept = new bool[Shape.Count];
        int at = 0;
        foreach (CompressedTensor part in parts)
        {
            int count = (int)part.Shape.Count;
            part.Decode(values.AsSpan(at, count));
            part.Kept().CopyTo(kept, at);
            at += count;
        }

        int blocks = new SparseMatrix { Columns = columns }.Blocks;
        int[] starts = new int[(blocks * rows) + 1];
        byte[] order = new byte[blocks * rows];
        List<byte> places = [];
        List<float> stored = [];
        for (int block = 0, run = 0; block < blocks; block++)
        {
            int begin = block * SparseMatrix.Block, width = Math.Min(SparseMatrix.Block, columns - begin);
            for (int window = 0; window < rows; window += SparseMatrix.Window)
            {
                // The sort is stable: what is equal stays in order.
                foreach (int row in Enumerable.Range(window, Math.Min(SparseMatrix.Window, rows - window))
                    .OrderBy(r => (kept.AsSpan((r * columns) + begin, width).Count(true) + 1) / 2))
                {
                    order[run] = (byte)(row - window);
                    for (int place = 0, i = (row * columns) + begin; place < width; place++, i++)
                    {
                        if (kept[i])
                        {
                            places.Add((byte)place);
                            stored.Add(values[i]);
                        }
                    }

                    if (places.Count % 2 != 0)
                    {
                        places.Add(0);
                        stored.Add(0);
                    }

                    starts[++run] = places.Count;
                }
            }
        }

        (_starts, _order) = (Upload(device, starts), Upload(device, order));
        (_places, _values) = (Upload<byte>(device, [.. places]), Upload<float>(device, [.. stored]));
        _matrix = new SparseMatrix
        {
            Rows = rows,
            Columns = columns,
            Starts = _starts.Span<int>(),
            Order = _order.Span<byte>(),
            Places = _places.Span<byte>(),
            Values = _values.Span<float>(),
        };
    }

    /// <summary>What kernels read.</summary>
    public SparseMatrix Matrix => _matrix;

    /// <inheritdoc/>
    public override long Bytes => _matrix.Bytes;

    /// <inheritdoc/>
    public override string Description => $"sparse, {_matrix.Values.Length} of {Shape.Count} elements";

    /// <inheritdoc/>
    public override void Multiply(IKernels kernels, in WeightProduct product) => kernels.MultiplySparse(product, _matrix);

    /// <inheritdoc/>
    public override void Gather(IKernels kernels, DeviceSpan<int> rows, DeviceSpan<float> y, bool accumulate)
        => kernels.GatherSparse(rows, _matrix, y, accumulate);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _starts.Dispose();
        _order.Dispose();
        _places.Dispose();
        _values.Dispose();
    }
}
