using Espalier.Engine.Devices;
using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Weights;

/// <summary>
/// A quantized matrix: codes of half a byte up to 4 bits, of a byte above. Its parts keep their own scales; where they
/// divide rows differently all have the finest division, with scales repeated. Where elements are pruned a mask says which.
/// </summary>
public sealed class QuantizedWeight : Weight
{
    private readonly DeviceMemory _codes;
    private readonly DeviceMemory _scales;
    private readonly DeviceMemory _zeros;
    private readonly DeviceMemory _codeSums;
    private readonly DeviceMemory _mask;
    private readonly QuantizedMatrix _matrix;

    internal QuantizedWeight(Device device, IReadOnlyList<CompressedTensor> parts, ActivationPrecision activations)
        : base(Stacked(parts))
    {
        int group = parts.Select(p => p.Scheme!.Value.GroupSize).Where(g => g > 0).DefaultIfEmpty(Shape.Columns).Min();
        var matrix = new QuantizedMatrix
        {
            Rows = Shape.Rows,
            Columns = Shape.Columns,
            Narrow = parts.All(p => p.Scheme!.Value.Bits <= 4),
            GroupColumns = group,
        };
        byte[] codes = new byte[(long)matrix.Rows * matrix.RowBytes];
        float[] scales = new float[(long)matrix.Rows * matrix.Groups], zeros = new float[scales.Length];
        int[] codeSums = new int[matrix.Rows];
        bool pruned = parts.Any(p => p.Layout != SparseLayout.None);
        int[] mask = new int[pruned ? matrix.Rows * matrix.Blocks : 0];
        int first = 0;
        foreach (CompressedTensor part in parts)
        {
            Place(part, matrix, first, codes, scales, zeros, codeSums, mask);
            first += part.Shape.Rows;
        }

        (_codes, _scales) = (Upload(device, codes), Upload(device, scales));
        (_zeros, _codeSums, _mask) = (Upload(device, zeros), Upload(device, codeSums), Upload(device, mask));
        _matrix = matrix with
        {
            Codes = _codes.Span<byte>(),
            Scales = _scales.Span<float>(),
            Zeros = _zeros.Span<float>(),
            CodeSums = _codeSums.Span<int>(),
            Mask = _mask.Span<int>(),
        };
        bool integer = activations == ActivationPrecision.Integer && !matrix.Narrow && matrix.Groups == 1 && !pruned;
        Activations = integer ? ActivationPrecision.Integer : ActivationPrecision.Single;
    }

    /// <summary>What kernels read.</summary>
    public QuantizedMatrix Matrix => _matrix;

    /// <summary>What activations are when they meet it.</summary>
    public ActivationPrecision Activations { get; }

    /// <inheritdoc/>
    public override long Bytes => _matrix.Bytes;

    /// <inheritdoc/>
    public override string Description
        => $"{(_matrix.Narrow ? "half bytes" : "bytes")}{(_matrix.Mask.IsEmpty ? "" : " with a mask")}, {_matrix.Groups} groups a row, "
            + $"activations {(Activations == ActivationPrecision.Integer ? "integer" : "single")}";

    /// <inheritdoc/>
    public override void Multiply(IKernels kernels, in WeightProduct product)
    {
        if (Activations == ActivationPrecision.Integer)
        {
            kernels.MultiplyInteger(product, _matrix);
        }
        else
        {
            kernels.MultiplyQuantized(product, _matrix);
        }
    }

    /// <inheritdoc/>
    public override void Gather(IKernels kernels, DeviceSpan<int> rows, DeviceSpan<float> y, bool accumulate)
        => kernels.GatherQuantized(rows, _matrix, y, accumulate);

    /// <inheritdoc/>
    public override void Dispose()
    {
        _codes.Dispose();
        _scales.Dispose();
        _zeros.Dispose();
        _codeSums.Dispose();
        _mask.Dispose();
    }

    private static void Place(CompressedTensor part, QuantizedMatrix matrix, int first, byte[] codes, float[] scales, float[] zeros, int[] sums,
        int[] mask)
    {
        byte[] source = new byte[part.Shape.Count];
        bool[] kept = part.Kept();
        part.DecodeCodes(kept, source);
        QuantizationScheme scheme = part.Scheme!.Value;
        for (int r = 0; r < part.Shape.Rows; r++)
        {
            int row = first + r;
            ReadOnlySpan<byte> ofRow = source.AsSpan(r * matrix.Columns, matrix.Columns);
            PlaceRow(ofRow, matrix.Narrow, codes.AsSpan(checked(row * matrix.RowBytes), matrix.RowBytes));
            foreach (byte code in ofRow)
            {
                sums[row] += code;
            }

            for (int c = 0; c < (mask.Length == 0 ? 0 : matrix.Columns); c++)
            {
                bool stays = kept.Length == 0 || kept[(r * matrix.Columns) + c];
                mask[(row * matrix.Blocks) + (c / QuantizedMatrix.Block)] |= (stays ? 1 : 0) << (c % QuantizedMatrix.Block);
            }

            for (int g = 0; g < matrix.Groups; g++)
            {
                int from = scheme.ScaleIndex(part.Shape, r, g * matrix.GroupColumns);
                scales[((long)row * matrix.Groups) + g] = part.Scales.Span[from];
                zeros[((long)row * matrix.Groups) + g] = part.Zeros.Span[from];
            }
        }
    }

    // As QuantizedMatrix lays them: columns 16 … 31 of a block in the upper halves of columns 0 … 15.
    private static void PlaceRow(ReadOnlySpan<byte> from, bool narrow, Span<byte> codes)
    {
        if (!narrow)
        {
            from.CopyTo(codes);
            return;
        }

        const int Half = QuantizedMatrix.Block / 2;
        for (int c = 0; c < from.Length; c++)
        {
            codes[(c / QuantizedMatrix.Block * Half) + (c % Half)] |= (byte)(from[c] << (c % QuantizedMatrix.Block / Half * 4));
        }
    }
}
