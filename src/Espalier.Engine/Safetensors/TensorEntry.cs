namespace Espalier.Engine.Safetensors;

/// <summary>One tensor of a safetensors file: what it is and where its bytes lie.</summary>
public sealed class TensorEntry
{
    internal TensorEntry(string name, Dtype dtype, long[] shape, long begin, long byteCount)
    {
        Name = name;
        Dtype = dtype;
        Shape = Array.AsReadOnly(shape);
        Begin = begin;
        ByteCount = byteCount;
        ElementCount = byteCount * 8 / dtype.Bits();
    }

    /// <summary>The name, unique in its file.</summary>
    public string Name { get; }

    /// <summary>What its elements are.</summary>
    public Dtype Dtype { get; }

    /// <summary>Elements along each dimension, outermost first; empty for a scalar. A dimension may be 0.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The first byte, counted from the end of the header.</summary>
    public long Begin { get; }

    /// <summary>The size in bytes.</summary>
    public long ByteCount { get; }

    /// <summary>The number of elements.</summary>
    public long ElementCount { get; }

    internal long End => Begin + ByteCount;

    /// <summary>How messages speak of it.</summary>
    internal string Description => $"{Dtype.Name()} [{string.Join(", ", Shape)}]";

    /// <summary>The bytes that such a tensor takes. Returns what is wrong, or null; then its bits fit a long, too.</summary>
    internal static string? Measure(Dtype dtype, ReadOnlySpan<long> shape, out long byteCount)
    {
        byteCount = 0;
        long bits = dtype.Bits();
        foreach (long dimension in shape)
        {
            if (dimension < 0)
            {
                return $"has a dimension of {dimension}; expected 0 or more";
            }

            if (dimension != 0 && bits > long.MaxValue / dimension)
            {
                return $"has a shape of more than 2^63 bits, [{string.Join(", ", shape.ToArray())}]; no file can hold that";
            }

            bits *= dimension;
        }

        byteCount = bits / 8;
        return bits % 8 == 0
            ? null
            : $"is {bits / dtype.Bits()} elements of {dtype.Name()}, which do not fill whole bytes; expected {bits} bits "
                + "to be a multiple of 8";
    }
}

/// <summary>A tensor that is to be written.</summary>
/// <param name="Name">Unique in its file, without zero characters, not <c>__metadata__</c>.</param>
/// <param name="Dtype">What its elements are.</param>
/// <param name="Shape">Elements along each dimension, outermost first; empty for a scalar.</param>
public readonly record struct TensorDeclaration(string Name, Dtype Dtype, IReadOnlyList<long> Shape);
