using System.Text.Json.Serialization;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Packages;

/// <summary>What <c>config.json</c> says of a compressed tensor.</summary>
/// <param name="Shape">Rows and columns; of a vector its length.</param>
/// <param name="Bits">Bits of a code; null for float32.</param>
/// <param name="Granularity">What shares a range; null for float32.</param>
/// <param name="GroupSize">Columns of a group; null without groups.</param>
/// <param name="Layout">How zeros are left out.</param>
/// <param name="IndexBits">Bits of a distance; null without an index.</param>
/// <param name="Stored">Elements that are stored.</param>
/// <param name="Distances">Numbers of the index; null without one.</param>
internal sealed record TensorScheme(
    IReadOnlyList<int> Shape, int? Bits, QuantizationGranularity? Granularity, int? GroupSize, SparseLayout Layout, int? IndexBits, long Stored,
    long? Distances)
{
    public static TensorScheme Of(TensorFormat f) => new(
        f.Shape.Rank == 1 ? [f.Shape.Columns] : [f.Shape.Rows, f.Shape.Columns], f.Scheme?.Bits, f.Scheme?.Granularity,
        f.Scheme?.Granularity == QuantizationGranularity.Group ? f.Scheme?.GroupSize : null, f.Layout,
        f.Layout == SparseLayout.RelativeIndex ? f.IndexBits : null, f.Stored, f.Layout == SparseLayout.RelativeIndex ? f.Distances : null);

    public TensorFormat ToFormat() => new(
        Shape.Count == 1
            ? Espalier.Engine.Autograd.Shape.Vector(Shape[0])
            : Espalier.Engine.Autograd.Shape.Matrix(Shape[0], Shape[1]),
        Bits is { } bits ? new QuantizationScheme(bits, Granularity ?? QuantizationGranularity.Tensor, GroupSize ?? 0) : null, Layout, IndexBits ?? 0,
        Stored, Distances ?? 0);
}

/// <summary>The part of <c>config.json</c> that says how weights are compressed.</summary>
/// <param name="Format">Version of it and of the tensors' layout.</param>
/// <param name="WeightsSha256">SHA-256 of <c>model.safetensors</c>, in lower-case hex: a code that a disk changed looks like any other.</param>
/// <param name="Tensors">The compressed tensors, by their names in <c>model.safetensors</c>.</param>
internal sealed record PackageScheme(int Format, string WeightsSha256, IReadOnlyDictionary<string, TensorScheme> Tensors)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Name of the property in <c>config.json</c>.</summary>
    public const string Property = "espalier_compression";
}

/// <summary>How <see cref="PackageScheme"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PackageScheme))]
internal sealed partial class PackageJson : JsonSerializerContext;
