using System.Runtime.InteropServices;
using Espalier.Engine.Safetensors;

namespace Espalier.Engine.Weights;

/// <summary>
/// A tensor with few bits for each element, or without its zeros, or both. In a safetensors file it is <c>NAME.codes</c> (U8, see
/// <see cref="BitPacking"/>) with <c>NAME.scale</c> and <c>NAME.zero</c> (F32, one for each range, row by row), or <c>NAME.values</c>
/// (F32), of the stored elements in row-major order; and <c>NAME.mask</c> (a bit for each element) or <c>NAME.index</c>
/// (<see cref="SparseIndex"/>, packed) where zeros are left out. Which elements share a range depends on their places, not on what is
/// stored. A stored element is <c>zero + scale · code</c> in float32; one that is not is 0 exactly.
/// </summary>
public sealed class CompressedTensor
{
    private readonly byte[] _codes;
    private readonly float[] _scales, _zeros;
    private readonly bool[]? _kept;

    private CompressedTensor(TensorFormat format, byte[] codes, float[] scales, float[] zeros, bool[]? kept)
        => (Format, _codes, _scales, _zeros, _kept) = (format, codes, scales, zeros, kept);

    /// <summary>How it is stored.</summary>
    public TensorFormat Format { get; }

    /// <summary>True for each element that is stored; empty where all are.</summary>
    public ReadOnlySpan<bool> Kept => _kept;

    /// <summary>Packs a quantized tensor.</summary>
    /// <param name="format">Its format.</param>
    /// <param name="codes">A code for each stored element.</param>
    /// <param name="scales">Δ of each range.</param>
    /// <param name="zeros">q0 of each range.</param>
    /// <param name="kept">True for each stored element; null where all are.</param>
    /// <exception cref="ArgumentException">They do not fit one another.</exception>
    public static CompressedTensor Encode(
        TensorFormat format, ReadOnlySpan<byte> codes, ReadOnlySpan<float> scales, ReadOnlySpan<float> zeros, bool[]? kept)
    {
        if (format.Scheme is not { } scheme || codes.Length != format.Stored || scales.Length != scheme.Ranges(format.Shape)
            || zeros.Length != scales.Length || (kept == null) != (format.Layout == SparseLayout.None))
        {
            throw new ArgumentException($"{codes.Length} codes, {scales.Length} scales and {zeros.Length} zero points do not make {format}");
        }

        return new CompressedTensor(format, BitPacking.Pack(codes, scheme.Bits), scales.ToArray(), zeros.ToArray(), kept);
    }

    /// <summary>Takes a tensor in float32 without its zeros.</summary>
    /// <param name="format">Its format.</param>
    /// <param name="values">All elements.</param>
    /// <param name="kept">True for each stored element.</param>
    /// <exception cref="ArgumentException">They do not fit one another.</exception>
    public static CompressedTensor Encode(TensorFormat format, ReadOnlySpan<float> values, bool[] kept)
    {
        if (format.Scheme != null || values.Length != format.Shape.Count || kept.Length != values.Length || format.Layout == SparseLayout.None)
        {
            throw new ArgumentException($"{values.Length} values do not make {format}");
        }

        float[] stored = new float[format.Stored];
        int at = 0;
        for (int i = 0; i < kept.Length; i++)
        {
            if (kept[i])
            {
                stored[at++] = values[i];
            }
        }

        return new CompressedTensor(format, MemoryMarshal.AsBytes<float>(stored).ToArray(), [], [], kept);
    }

    /// <summary>Every element, in row-major order.</summary>
    /// <exception cref="ArgumentException">There is not room for exactly as many.</exception>
    public void Decode(Span<float> values)
    {
        if (values.Length != Format.Shape.Count)
        {
            throw new ArgumentException($"room for {values.Length} elements of {Format.Shape}");
        }

        values.Clear();
        if (Format.Scheme is not { } scheme)
        {
            ReadOnlySpan<float> stored = MemoryMarshal.Cast<byte, float>(_codes);
            for (int i = 0, at = 0; i < values.Length; i++)
            {
                if (_kept![i])
                {
                    values[i] = stored[at++];
                }
            }

            return;
        }

        byte[] codes = new byte[Format.Stored];
        BitPacking.Unpack(_codes, scheme.Bits, codes);
        int columns = Format.Shape.Columns, group = scheme.Granularity == QuantizationGranularity.Group ? scheme.GroupSize : columns;
        int perRow = (columns + group - 1) / group;
        for (int i = 0, at = 0; i < values.Length; i++)
        {
            if (_kept == null || _kept[i])
            {
                int range = scheme.Granularity == QuantizationGranularity.Tensor ? 0 : (i / columns * perRow) + (i % columns / group);
                values[i] = _zeros[range] + (_scales[range] * codes[at++]);
            }
        }
    }

    /// <summary>The tensors of a file that it takes.</summary>
    public IEnumerable<TensorDeclaration> Declare(string name) => Parts(name).Select(part => new TensorDeclaration(
        part.Name, part.Dtype, [part.Bytes.Length / (part.Dtype.Bits() / 8)]));

    /// <summary>Writes it into a file in which it was declared.</summary>
    public void Write(SafetensorsWriter writer, string name)
    {
        foreach ((string part, _, byte[] bytes) in Parts(name))
        {
            writer.Write(part, bytes);
        }
    }

    /// <summary>Reads one from a file, and checks that its parts fit one another.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The tensor's name.</param>
    /// <param name="format">Its format.</param>
    /// <exception cref="SafetensorsException">A part is missing, of another length, or holds what it cannot; the message names it.</exception>
    public static CompressedTensor Read(SafetensorsFile file, string name, TensorFormat format)
    {
        bool[]? kept = format.Layout switch
        {
            SparseLayout.Bitmask => Mask(file, $"{name}.mask", format.Shape.Count),
            SparseLayout.RelativeIndex => Index(file, $"{name}.index", format),
            _ => null,
        };
        long stored = kept?.Count(k => k) ?? format.Shape.Count;
        if (stored != format.Stored)
        {
            throw new SafetensorsException(file.Path, name, $"stores {stored} elements; its format says {format.Stored}. The file is damaged");
        }

        if (format.Scheme is not { } scheme)
        {
            return new CompressedTensor(format, Bytes(file, $"{name}.values", Dtype.F32, stored), [], [], kept);
        }

        float[] scales = Floats(file, $"{name}.scale", scheme.Ranges(format.Shape)), zeros = Floats(file, $"{name}.zero", scheme.Ranges(format.Shape));
        byte[] codes = Bytes(file, $"{name}.codes", Dtype.U8, BitPacking.Bytes(stored, scheme.Bits));
        return new CompressedTensor(format, codes, scales, zeros, kept);
    }

    private IEnumerable<(string Name, Dtype Dtype, byte[] Bytes)> Parts(string name)
    {
        if (Format.Scheme == null)
        {
            yield return ($"{name}.values", Dtype.F32, _codes);
        }
        else
        {
            yield return ($"{name}.codes", Dtype.U8, _codes);
            yield return ($"{name}.scale", Dtype.F32, MemoryMarshal.AsBytes<float>(_scales).ToArray());
            yield return ($"{name}.zero", Dtype.F32, MemoryMarshal.AsBytes<float>(_zeros).ToArray());
        }

        if (Format.Layout == SparseLayout.Bitmask)
        {
            yield return ($"{name}.mask", Dtype.U8, BitPacking.Pack([.. _kept!.Select(k => k ? (byte)1 : (byte)0)], 1));
        }
        else if (Format.Layout == SparseLayout.RelativeIndex)
        {
            yield return ($"{name}.index", Dtype.U8, BitPacking.Pack(SparseIndex.Distances(_kept, Format.IndexBits), Format.IndexBits));
        }
    }

    private static bool[] Mask(SafetensorsFile file, string name, long count)
    {
        byte[] bits = new byte[count];
        BitPacking.Unpack(Bytes(file, name, Dtype.U8, BitPacking.Bytes(count, 1)), 1, bits);
        return [.. bits.Select(b => b == 1)];
    }

    private static bool[] Index(SafetensorsFile file, string name, TensorFormat format)
    {
        byte[] distances = new byte[format.Distances];
        BitPacking.Unpack(Bytes(file, name, Dtype.U8, BitPacking.Bytes(format.Distances, format.IndexBits)), format.IndexBits, distances);
        return SparseIndex.Kept(distances, format.IndexBits, format.Shape.Count) ?? throw new SafetensorsException(
            file.Path, name, $"leads beyond the {format.Shape.Count} elements of its tensor; the file is damaged");
    }

    private static float[] Floats(SafetensorsFile file, string name, long count)
    {
        float[] values = MemoryMarshal.Cast<byte, float>(Bytes(file, name, Dtype.F32, count)).ToArray();
        int wrong = Array.FindIndex(values, v => !float.IsFinite(v));
        return wrong < 0 ? values : throw new SafetensorsException(
            file.Path, name, $"holds {values[wrong]} at {wrong}; expected finite numbers. The file is damaged");
    }

    private static byte[] Bytes(SafetensorsFile file, string name, Dtype dtype, long count)
    {
        ReadOnlySpan<byte> bytes = file.GetBytes(name);
        TensorEntry entry = file.Tensors[name];
        return entry.Dtype == dtype && entry.ElementCount == count ? bytes.ToArray() : throw new SafetensorsException(
            file.Path, name, $"is {entry.Dtype.Name()} of {entry.ElementCount} elements; expected {dtype.Name()} of {count}. The file is damaged, or its format is another's");
    }
}
