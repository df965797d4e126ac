using System.Text.Json.Serialization;

namespace Espalier.Compression.Packages;

/// <summary>The part of <c>config.json</c> that says how weights are compressed.</summary>
/// <param name="Format">Version of it and of the tensors' layout.</param>
/// <param name="WeightsSha256">SHA-256 of <c>model.safetensors</c>, in lower-case hex: a code that a disk changed looks like any other.</param>
/// <param name="Tensors">The compressed tensors by their names in <c>model.safetensors</c>, described as in its header, such as
/// <c>768x3072 bits=4 scale=group:64 stored=235930</c>.</param>
internal sealed record PackageScheme(int Format, string WeightsSha256, IReadOnlyDictionary<string, string> Tensors)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Name of the property in <c>config.json</c>.</summary>
    public const string Property = "espalier_compression";
}

/// <summary>How <see cref="PackageScheme"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PackageScheme))]
internal sealed partial class PackageJson : JsonSerializerContext;
