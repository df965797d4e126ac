namespace Espalier.Engine.Safetensors;

/// <summary>
/// What the elements of a stored tensor are: every kind that the safetensors format names, in the format's own order, which is
/// by rising alignment. Elements are little-endian; those below a byte are packed.
/// </summary>
public enum Dtype
{
    /// <summary>A truth value in a byte.</summary>
    Bool,

    /// <summary>4-bit float E2M1 (OCP microscaling), two in a byte.</summary>
    F4,

    /// <summary>6-bit float E2M3 (OCP microscaling), four in three bytes.</summary>
    F6E2M3,

    /// <summary>6-bit float E3M2 (OCP microscaling), four in three bytes.</summary>
    F6E3M2,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit float E5M2.</summary>
    F8E5M2,

    /// <summary>8-bit float E4M3.</summary>
    F8E4M3,

    /// <summary>8-bit power of two (OCP microscaling's scale).</summary>
    F8E8M0,

    /// <summary>8-bit float E4M3 without infinities and negative zero.</summary>
    F8E4M3Fnuz,

    /// <summary>8-bit float E5M2 without infinities and negative zero.</summary>
    F8E5M2Fnuz,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of an IEEE single.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>Complex number of two IEEE singles.</summary>
    C64,

    /// <summary>IEEE double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>Names and sizes of the kinds of elements.</summary>
public static class Dtypes
{
    private static readonly Dtype[] s_all = Enum.GetValues<Dtype>();

    private static readonly (string Name, int Bits)[] s_kinds =
    [
        ("BOOL", 8), ("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("U8", 8), ("I8", 8), ("F8_E5M2", 8), ("F8_E4M3", 8),
        ("F8_E8M0", 8), ("F8_E4M3FNUZ", 8), ("F8_E5M2FNUZ", 8), ("I16", 16), ("U16", 16), ("F16", 16), ("BF16", 16),
        ("I32", 32), ("U32", 32), ("F32", 32), ("C64", 64), ("F64", 64), ("I64", 64), ("U64", 64),
    ];

    /// <summary>How a header writes <paramref name="dtype"/>, such as <c>F8_E4M3</c>.</summary>
    public static string Name(this Dtype dtype) => s_kinds[(int)dtype].Name;

    /// <summary>Bits that one element takes.</summary>
    public static int Bits(this Dtype dtype) => s_kinds[(int)dtype].Bits;

    /// <summary>All kinds, in the order of <see cref="Dtype"/>.</summary>
    internal static ReadOnlySpan<Dtype> All => s_all;

    /// <summary>All names, as a message lists them.</summary>
    internal static string Names => string.Join(", ", s_kinds.Select(kind => kind.Name));
}
