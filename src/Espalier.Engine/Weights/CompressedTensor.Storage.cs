using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Espalier.Engine.Autograd;
using Espalier.Engine.Safetensors;

namespace Espalier.Engine.Weights;

/// <remarks>
/// In a file NAME is several tensors: NAME.codes (U8), NAME.scale and NAME.zero (F32), or NAME.values (F32) without a scheme;
/// NAME.mask or NAME.index (U8) where it is sparse. The header's metadata describe it under NAME, such as
/// <c>768x3072 bits=4 scale=group:64 stored=235930</c>. Dense singles are a plain F32 tensor NAME, undescribed.
/// </remarks>
public sealed partial class CompressedTensor
{
    // Of an entry such as "NAME":{"dtype":"U8","shape":[98304],"data_offsets":[1234567,1332871]}, all but the name and the shape; of a
    // description such as "NAME":"768x3072 bits=4 scale=row", all but these two.
    private const int WordsOfEntry = 60, WordsOfDescription = 6;

    /// <summary>Whether it is stored as any other program would store a tensor: dense singles.</summary>
    public bool IsPlain => Scheme is null && Layout == SparseLayout.None;

    /// <summary>Writes a file of such tensors, whole or not at all.</summary>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="tensors">Names and tensors.</param>
    /// <param name="metadata">More free text for the header; a key may not be a tensor's name.</param>
    /// <exception cref="SafetensorsException">Names collide.</exception>
    /// <exception cref="IOException">The disk is full or failed, or the folder is not there.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written.</exception>
    public static void Save(string path, IReadOnlyList<(string Name, CompressedTensor Tensor)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        Dictionary<string, string> all = new(metadata ?? new Dictionary<string, string>());
        foreach ((string name, CompressedTensor tensor) in tensors.Where(t => !t.Tensor.IsPlain))
        {
            if (!all.TryAdd(name, tensor.Description))
            {
                throw new SafetensorsException(path, name, "is described already; expected unique names, none of them a key of the metadata");
            }
        }

        using var writer = new SafetensorsWriter(path, tensors.SelectMany(t => t.Tensor.Declarations(t.Name)), all);
        foreach ((string name, CompressedTensor tensor) in tensors)
        {
            tensor.Write(writer, name);
        }

        writer.Commit();
    }

    /// <summary>What a writer must declare to take this tensor as <paramref name="name"/>; its metadata must hold
    /// <see cref="Description"/> under that name unless the tensor <see cref="IsPlain"/>.</summary>
    public IEnumerable<TensorDeclaration> Declarations(string name) => Pieces(name).Select(
        p => new TensorDeclaration(p.Name, p.Dtype, IsPlain ? Dimensions : [p.Bytes.Length * 8L / p.Dtype.Bits()]));

    /// <summary>Bytes that it takes in a file under a name: what is stored, and about what its entries in the header take.</summary>
    public long BytesInFile(string name)
        => StoredBytes + Declarations(name).Sum(d => WordsOfEntry + d.Name.Length + string.Join(',', d.Shape).Length)
            + (IsPlain ? 0 : WordsOfDescription + name.Length + Description.Length);

    /// <summary>What the header's metadata say of it.</summary>
    public string Description
    {
        get
        {
            string scale = Scheme switch
            {
                null => "",
                { Granularity: ScaleGranularity.Group } s => $" bits={s.Bits} scale=group:{s.GroupSize}",
                { } s => $" bits={s.Bits} scale={s.Granularity.ToString().ToLowerInvariant()}",
            };
            return $"{string.Join('x', Dimensions)}{scale}{(Layout == SparseLayout.None ? "" : $" stored={StoredElements}")}";
        }
    }

    private long[] Dimensions => Shape.Rank == 1 ? [Shape.Columns] : [Shape.Rows, Shape.Columns];

    /// <summary>Writes it under a name that <see cref="Declarations"/> declared.</summary>
    public void Write(SafetensorsWriter writer, string name)
    {
        foreach ((string piece, _, byte[] bytes) in Pieces(name))
        {
            writer.Write(piece, bytes);
        }
    }

    /// <summary>Whether a file holds a quantized tensor.</summary>
    public static bool AnyQuantized(SafetensorsFile file)
        => file.Metadata.Keys.Any(name => IsDescribed(file, name) && file.Tensors.ContainsKey(name + ".codes"));

    /// <summary>Reads a tensor that <see cref="Write"/> wrote, or any dense one of floats, and checks all of it.</summary>
    /// <exception cref="SafetensorsException">It is not there, or is not consistent: the message names the tensor, what was
    /// found and what was expected.</exception>
    public static CompressedTensor Read(SafetensorsFile file, string name)
    {
        if (!IsDescribed(file, name))
        {
            return ReadPlain(file, name);
        }

        (Shape shape, QuantizationScheme? scheme, int? stored) = ParseDescription(file, name);
        int elements = stored ?? (int)shape.Count;
        byte[] codes = scheme is { } s
            ? Piece(file, name, ".codes", Dtype.U8, BitPacking.Bytes(elements, s.Bits))
            : Piece(file, name, ".values", Dtype.F32, elements);
        long scaleCount = scheme?.ScaleCount(shape) ?? 0;
        float[] scales = [], zeros = [];
        if (scheme is { } quantized)
        {
            scales = Singles(Piece(file, name, ".scale", Dtype.F32, scaleCount));
            zeros = Singles(Piece(file, name, ".zero", Dtype.F32, scaleCount));
            Check(file, name, ScaleFault(shape, quantized, scales, zeros));
            Check(file, name, BitPacking.EndsClean(codes, elements, quantized.Bits) ? null : "has bits behind its last code; expected zeros");
        }
        else
        {
            CheckFinite(file, name, MemoryMarshal.Cast<byte, float>(codes));
        }

        SparseLayout layout = stored is null ? SparseLayout.None
            : file.Tensors.ContainsKey(name + ".mask") ? SparseLayout.Bitmask : SparseLayout.RelativeIndex;
        byte[] positions = [];
        if (layout != SparseLayout.None)
        {
            positions = Piece(file, name, layout == SparseLayout.Bitmask ? ".mask" : ".index", Dtype.U8, null);
            Check(file, name, SparsePositions.Check(layout, positions, elements, shape.Count));
        }

        return new CompressedTensor(shape, scheme, layout, elements, codes, scales, zeros, positions);
    }

    private static CompressedTensor ReadPlain(SafetensorsFile file, string name)
    {
        if (!file.Tensors.TryGetValue(name, out TensorEntry? entry))
        {
            throw new SafetensorsException(file.Path, name, $"is not in the file, which holds {file.Tensors.Count} tensors");
        }

        Shape? shape = entry.Shape switch
        {
            [var columns] when columns <= int.MaxValue => Shape.Vector((int)columns),
            [var rows and <= int.MaxValue, var columns and <= int.MaxValue] when entry.ElementCount <= Array.MaxLength => Shape.Matrix((int)rows, (int)columns),
            _ => null,
        };
        Check(file, name, shape is null ? $"is {entry.Description}; expected a vector or a matrix of less than 2^31 elements" : null);
        float[] values = new float[entry.ElementCount];
        file.CopyTo(name, values);
        CheckFinite(file, name, values);
        return FromValues(shape!.Value, values);
    }

    private static bool IsDescribed(SafetensorsFile file, string name)
        => file.Metadata.ContainsKey(name) && (file.Tensors.ContainsKey(name + ".codes") || file.Tensors.ContainsKey(name + ".values"));

    private static (Shape Shape, QuantizationScheme? Scheme, int? Stored) ParseDescription(SafetensorsFile file, string name)
    {
        string text = file.Metadata[name];
        Match match = DescriptionPattern().Match(text);
        long rows = Number(match, "rows") ?? 1, columns = Number(match, "columns") ?? -1;
        bool fits = match.Success && rows * columns <= Array.MaxLength;
        int? bits = Number(match, "bits"), group = Number(match, "group"), stored = Number(match, "stored");
        QuantizationScheme? scheme = bits is null ? null : new QuantizationScheme(
            bits.Value,
            group is not null ? ScaleGranularity.Group : match.Groups["unit"].Value == "row" ? ScaleGranularity.Row : ScaleGranularity.Tensor,
            group ?? 0);
        IReadOnlyList<string> faults = scheme?.Validate() ?? [];
        Check(file, name, !fits || stored > rows * columns || (scheme is null && stored is null) || faults.Count > 0
            ? $"is described as {SafetensorsException.Quote(text)}{string.Concat(faults.Select(f => $" ({f})"))}; expected such as "
                + "'768x3072 bits=4 scale=group:64 stored=235930'"
            : null);
        Shape shape = match.Groups["rows"].Success ? Shape.Matrix((int)rows, (int)columns) : Shape.Vector((int)columns);
        return (shape, scheme, stored);
    }

    private static int? Number(Match match, string group)
        => match.Groups[group].Success ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture) : null;

    private static byte[] Piece(SafetensorsFile file, string name, string suffix, Dtype dtype, long? elements)
    {
        Check(file, name, !file.Tensors.TryGetValue(name + suffix, out TensorEntry? entry)
                ? $"lacks its piece {suffix}"
            : entry.Dtype != dtype || (elements ?? entry.ElementCount) != entry.ElementCount
                ? $"has a piece {suffix} of {entry.Description}; expected {elements} elements of {dtype.Name()}"
            : null);
        return file.GetBytes(name + suffix).ToArray();
    }

    private static float[] Singles(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes).ToArray();

    private static void CheckFinite(SafetensorsFile file, string name, ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            Check(file, name, float.IsFinite(values[i]) ? null : $"has the value {values[i]} at {i}; expected finite values");
        }
    }

    private static void Check(SafetensorsFile file, string name, string? fault)
    {
        if (fault is not null)
        {
            throw new SafetensorsException(file.Path, name, fault);
        }
    }

    private IEnumerable<(string Name, Dtype Dtype, byte[] Bytes)> Pieces(string name)
    {
        if (Scheme is null)
        {
            yield return (IsPlain ? name : name + ".values", Dtype.F32, _codes);
        }
        else
        {
            yield return (name + ".codes", Dtype.U8, _codes);
            yield return (name + ".scale", Dtype.F32, MemoryMarshal.AsBytes<float>(_scales).ToArray());
            yield return (name + ".zero", Dtype.F32, MemoryMarshal.AsBytes<float>(_zeros).ToArray());
        }

        if (Layout != SparseLayout.None)
        {
            yield return (Layout == SparseLayout.Bitmask ? name + ".mask" : name + ".index", Dtype.U8, _positions);
        }
    }

    [GeneratedRegex(@"^(?:(?<rows>\d{1,9})x)?(?<columns>\d{1,9})(?: bits=(?<bits>\d) scale=(?:(?<unit>tensor|row)|group:(?<group>\d{1,3})))?(?: stored=(?<stored>\d{1,9}))?$", RegexOptions.CultureInvariant)]
    private static partial Regex DescriptionPattern();
}
