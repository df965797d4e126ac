using System.Runtime.InteropServices;
using Espalier.Engine.Autograd;

namespace Espalier.Engine.Weights;

/// <summary>How a tensor says which of its elements are stored.</summary>
public enum SparseLayout
{
    /// <summary>All are.</summary>
    None,

    /// <summary>A bit for each element.</summary>
    Bitmask,

    /// <summary>The distance from each stored element to the next.</summary>
    RelativeIndex,
}

/// <summary>
/// A tensor as it is stored: quantized or in single precision, dense or sparse. Plain data of the host.
/// </summary>
/// <remarks>
/// Elements go in row-major order. <see cref="Codes"/> holds k-bit codes without gaps: code i takes bits [i·k, (i + 1)·k) of
/// the string in which bit b is bit b mod 8 (from the least significant) of byte b / 8; neither rows nor groups begin
/// on a byte. Without a scheme it holds little-endian singles. A sparse tensor holds only its stored elements, the others
/// are exactly 0; which these are, <see cref="Positions"/> says: a bitmask in the same bit order, or a relative index (Han
/// et al. 2016, §2): a byte w, then packed numbers of w bits, each below 2ʷ − 1 the zeros before the next stored element,
/// 2ʷ − 1 so many zeros and no element. Scales and zeros: row by row, group by group. A tensor has less than 2³¹ elements.
/// </remarks>
public sealed partial class CompressedTensor
{
    private readonly byte[] _codes;
    private readonly byte[] _positions;
    private readonly float[] _scales;
    private readonly float[] _zeros;

    private CompressedTensor(Shape shape, QuantizationScheme? scheme, SparseLayout layout, int storedElements,
        byte[] codes, float[] scales, float[] zeros, byte[] positions)
    {
        (Shape, Scheme, Layout, StoredElements) = (shape, scheme, layout, storedElements);
        (_codes, _scales, _zeros, _positions) = (codes, scales, zeros, positions);
    }

    /// <summary>Its size.</summary>
    public Shape Shape { get; }

    /// <summary>How elements are quantized; null where they are singles.</summary>
    public QuantizationScheme? Scheme { get; }

    /// <summary>Which elements are stored.</summary>
    public SparseLayout Layout { get; }

    /// <summary>How many elements are stored: all, or those that were not pruned.</summary>
    public int StoredElements { get; }

    /// <summary>Packed codes, or singles.</summary>
    public ReadOnlyMemory<byte> Codes => _codes;

    /// <summary>Scale of each group; empty without a scheme.</summary>
    public ReadOnlyMemory<float> Scales => _scales;

    /// <summary>Zero of each group (the value of code 0); empty without a scheme.</summary>
    public ReadOnlyMemory<float> Zeros => _zeros;

    /// <summary>Bitmask or relative index; empty where all elements are stored.</summary>
    public ReadOnlyMemory<byte> Positions => _positions;

    /// <summary>Bytes of all that is stored, without names and header.</summary>
    public long StoredBytes => _codes.Length + ((_scales.Length + _zeros.Length) * sizeof(float)) + _positions.Length;

    /// <summary>
    /// The bytes that theory asks for: bits × stored elements, scales and zeros, and the shorter of bitmask and relative
    /// index where stored elements are spread evenly.
    /// </summary>
    public static double TheoreticalBytes(Shape shape, QuantizationScheme? scheme, long storedElements, bool sparse)
        => (storedElements * (scheme?.Bits ?? 32) / 8.0) + ((scheme?.ScaleCount(shape) ?? 0) * 2 * sizeof(float))
            + (sparse ? SparsePositions.TheoreticalBytes(shape.Count, storedElements) : 0);

    /// <summary>A tensor in single precision.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="values">One for each element.</param>
    /// <param name="kept">Which elements are stored, the others being 0; empty: a dense tensor.</param>
    /// <exception cref="ArgumentException">Lengths do not fit the shape.</exception>
    public static CompressedTensor FromValues(Shape shape, ReadOnlySpan<float> values, ReadOnlySpan<bool> kept = default)
    {
        CheckLengths(shape, values.Length, kept.Length);
        float[] stored = Stored(values, kept);
        byte[] bytes = MemoryMarshal.AsBytes<float>(stored).ToArray();
        (SparseLayout layout, byte[] positions) = kept.IsEmpty ? (SparseLayout.None, []) : SparsePositions.Encode(kept);
        return new CompressedTensor(shape, null, layout, stored.Length, bytes, [], [], positions);
    }

    /// <summary>A quantized tensor.</summary>
    /// <param name="shape">Its size.</param>
    /// <param name="scheme">How it is quantized.</param>
    /// <param name="codes">One for each element; those of elements that are not stored do not matter.</param>
    /// <param name="scales">One for each group, finite.</param>
    /// <param name="zeros">One for each group, finite.</param>
    /// <param name="kept">Which elements are stored, the others being 0; empty: a dense tensor.</param>
    /// <exception cref="ArgumentException">Lengths do not fit the shape, a code is too large, a scale or zero is not finite.</exception>
    public static CompressedTensor FromCodes(Shape shape, QuantizationScheme scheme, ReadOnlySpan<byte> codes,
        ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros, ReadOnlySpan<bool> kept = default)
    {
        CheckLengths(shape, codes.Length, kept.Length);
        if (scheme.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join("; ", faults), nameof(scheme));
        }

        if (ScaleFault(shape, scheme, scales, zeros) is { } fault)
        {
            throw new ArgumentException($"a tensor of {shape} {fault}", nameof(scales));
        }

        byte[] stored = Stored(codes, kept);
        if (stored.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)scheme.LargestCode))
        {
            throw new ArgumentException($"a code is over {scheme.LargestCode}, the largest of {scheme.Bits} bits", nameof(codes));
        }

        (SparseLayout layout, byte[] positions) = kept.IsEmpty ? (SparseLayout.None, []) : SparsePositions.Encode(kept);
        return new CompressedTensor(shape, scheme, layout, stored.Length,
            BitPacking.Pack(stored, scheme.Bits), scales.ToArray(), zeros.ToArray(), positions);
    }

    /// <summary>
    /// Overwrites <paramref name="values"/> with all elements: stored singles as they are; zero + scale · code, rounded
    /// once; 0 where nothing is stored.
    /// </summary>
    /// <exception cref="ArgumentException">There are not as many values as elements.</exception>
    public void Decode(Span<float> values)
    {
        CheckLengths(Shape, values.Length, 0);
        bool[] kept = Kept();
        if (Scheme is not { } scheme)
        {
            Spread(MemoryMarshal.Cast<byte, float>(_codes), kept, values);
            return;
        }

        byte[] codes = new byte[Shape.Count];
        DecodeCodes(kept, codes);
        for (int row = 0, i = 0; row < Shape.Rows; row++)
        {
            for (int column = 0; column < Shape.Columns; column++, i++)
            {
                int s = scheme.ScaleIndex(Shape, row, column);
                values[i] = kept.Length == 0 || kept[i] ? MathF.FusedMultiplyAdd(_scales[s], codes[i], _zeros[s]) : 0;
            }
        }
    }

    /// <summary>Which elements are stored; empty where all are.</summary>
    internal bool[] Kept()
    {
        bool[] kept = new bool[Layout == SparseLayout.None ? 0 : Shape.Count];
        if (kept.Length > 0)
        {
            // Checked when the tensor was made.
            _ = SparsePositions.Decode(Layout, _positions, StoredElements, kept);
        }

        return kept;
    }

    /// <summary>Codes of all elements; 0 where nothing is stored.</summary>
    internal void DecodeCodes(ReadOnlySpan<bool> kept, Span<byte> codes)
    {
        byte[] stored = new byte[StoredElements];
        BitPacking.Unpack(_codes, Scheme!.Value.Bits, stored);
        Spread<byte>(stored, kept, codes);
    }

    private static void Spread<T>(ReadOnlySpan<T> stored, ReadOnlySpan<bool> kept, Span<T> all)
        where T : struct
    {
        if (kept.IsEmpty)
        {
            stored.CopyTo(all);
            return;
        }

        int at = 0;
        for (int i = 0; i < all.Length; i++)
        {
            all[i] = kept[i] ? stored[at++] : default;
        }
    }

    private static T[] Stored<T>(ReadOnlySpan<T> all, ReadOnlySpan<bool> kept)
    {
        if (kept.IsEmpty)
        {
            return all.ToArray();
        }

        var stored = new T[kept.Count(true)];
        int at = 0;
        for (int i = 0; i < all.Length; i++)
        {
            if (kept[i])
            {
                stored[at++] = all[i];
            }
        }

        return stored;
    }

    private static string? ScaleFault(
        Shape shape, QuantizationScheme scheme, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros)
    {
        long expected = scheme.ScaleCount(shape);
        if (scales.Length != expected || zeros.Length != expected)
        {
            return $"has {scales.Length} scales and {zeros.Length} zeros; expected {expected} of each";
        }

        for (int i = 0; i < scales.Length; i++)
        {
            // The largest value, too, must be a number.
            if (!float.IsFinite(scales[i]) || !float.IsFinite(zeros[i]) || !float.IsFinite(zeros[i] + (scales[i] * scheme.LargestCode)))
            {
                return $"has scale {scales[i]} and zero {zeros[i]} in group {i}; expected finite values";
            }
        }

        return null;
    }

    private static void CheckLengths(Shape shape, int values, int kept)
    {
        if (values != shape.Count || (kept != 0 && kept != values))
        {
            throw new ArgumentException($"{values} values and a mask of {kept} for a tensor of {shape}; expected {shape.Count}");
        }
    }
}
