using System.Text.Json.Serialization;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Packages;

/// <summary>The part of <c>config.json</c> that says how weights are compressed.</summary>
/// <param name="Format">Version of it and of the tensors' layout.</param>
/// <param name="WeightsSha256">SHA-256 of <c>model.safetensors</c>, in lower-case hex: a code that a disk changed looks like any other.
/// Its header describes the tensors.</param>
/// <param name="Activations">What activations are to be when they meet a quantized weight: as they were where the package was measured
/// and chosen. Left out where that is in single precision.</param>
internal sealed record PackageScheme(int Format, string WeightsSha256, ActivationPrecision Activations = ActivationPrecision.Single)
{
    /// <summary>The version that this code writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Name of the property in <c>config.json</c>.</summary>
    public const string Property = "espalier_compression";
}

/// <summary>How <see cref="PackageScheme"/> becomes JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(PackageScheme))]
internal sealed partial class PackageJson : JsonSerializerContext;
