using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;

namespace Espalier.Compression.Packages;

/// <summary>
/// The weights of a package, of which some are compressed: <c>model.safetensors</c>, and how to read it in
/// <c>config.json</c> under <c>espalier_compression</c>.
/// </summary>
public sealed class CompressedWeights
{
    /// <summary>Name of the configuration's file.</summary>
    public const string ConfigurationName = "config.json";

    /// <summary>Name of the weights' file.</summary>
    public const string WeightsName = "model.safetensors";

    private readonly string _path;
    private readonly PackageScheme _scheme;

    private CompressedWeights(string path, PackageScheme scheme) => (_path, _scheme) = (path, scheme);

    /// <summary>What activations are to be when they meet a quantized weight, as whoever made the package had them.</summary>
    public ActivationPrecision Activations => _scheme.Activations;

    /// <summary>Writes weights and configuration into a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="configuration">What <c>config.json</c> holds beside how weights are compressed.</param>
    /// <param name="tensors">The weights.</param>
    /// <param name="nameOf">Their names in the file, of their names in checkpoints.</param>
    /// <param name="activations">What activations are to be when they meet a quantized weight.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(
        string folder, ReadOnlySpan<byte> configuration, IReadOnlyList<PackedTensor> tensors, Func<string, string> nameOf,
        ActivationPrecision activations = ActivationPrecision.Single)
    {
        string path = Path.Join(folder, WeightsName);
        CompressedTensor.Save(
            path, [.. tensors.Select(t => (nameOf(t.Name), t.Stored))], new Dictionary<string, string> { ["format"] = "pt" });
        var scheme = new PackageScheme(PackageScheme.CurrentFormat, Sha256(path), activations);
        JsonObject json = JsonNode.Parse(configuration)!.AsObject();
        json[PackageScheme.Property] = JsonSerializer.SerializeToNode(scheme, PackageJson.Default.PackageScheme);
        using FileStream file = File.Create(Path.Join(folder, ConfigurationName));
        file.Write(Encoding.UTF8.GetBytes(json.ToJsonString()));
        file.Flush(flushToDisk: true);
    }

    /// <summary>Whether the weights of a model's folder are compressed.</summary>
    /// <exception cref="CompressionException">There is no configuration that can be read.</exception>
    public static bool AreIn(string folder) => Configuration(folder).ContainsKey(PackageScheme.Property);

    /// <summary>Opens the weights of a package.</summary>
    /// <exception cref="CompressionException">It is none, of another version, or its configuration cannot be read.</exception>
    public static CompressedWeights Open(string folder)
    {
        string path = Path.Join(folder, ConfigurationName);
        if (Configuration(folder)[PackageScheme.Property] is not JsonObject json)
        {
            throw new CompressionException($"{path}: says nothing of compressed weights; name a package that quantize, prune or compress made");
        }

        int? format = json["format"] is JsonValue value && value.TryGetValue(out int number) ? number : null;
        if (format != PackageScheme.CurrentFormat)
        {
            throw new CompressionException(
                $"{path}: is a package of version {(format == null ? "unknown" : $"{format}")}; this espalier reads version "
                + $"{PackageScheme.CurrentFormat}. Make it again from its model, or take the espalier that made it");
        }

        try
        {
            return new CompressedWeights(Path.Join(folder, WeightsName), json.Deserialize(PackageJson.Default.PackageScheme) is
            {
                WeightsSha256: not null,
            } scheme ? scheme : throw new JsonException("the SHA-256 of its weights is missing"));
        }
        catch (JsonException e)
        {
            throw new CompressionException($"{path}: does not say how weights are compressed: {e.Message}", e);
        }
    }

    /// <summary>Whether any of them is quantized, rather than pruned only.</summary>
    /// <exception cref="SafetensorsException">The file is damaged.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public bool AreQuantized()
    {
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        return CompressedTensor.AnyQuantized(file);
    }

    /// <summary>Reads every tensor.</summary>
    /// <param name="wanted">Their names in checkpoints, and their sizes.</param>
    /// <param name="nameOf">Their names in the file, of their names in checkpoints.</param>
    /// <returns>The weights, and which of them are pruned.</returns>
    /// <exception cref="SafetensorsException">A tensor is missing, damaged or of another size; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public (ModelWeights Weights, WeightMasks Masks) Read(IEnumerable<(string Name, Shape Shape)> wanted, Func<string, string> nameOf)
    {
        List<WeightTensor> tensors = [];
        Dictionary<string, bool[]> kept = [];
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        foreach ((string name, Shape shape) in wanted)
        {
            CompressedTensor stored = ReadStored(file, name, shape, nameOf);
            float[] values = new float[stored.Shape.Count];
            stored.Decode(values);
            tensors.Add(new WeightTensor(name, stored.Shape, values));
            if (stored.Layout != SparseLayout.None)
            {
                kept.Add(name, [.. values.Select(v => v != 0)]);
            }
        }

        ThrowUnlessWhole(file);
        return (new ModelWeights(tensors), new WeightMasks(kept));
    }

    /// <summary>Gives declared parameters their memory and weights; those that are compressed stay so, and multiply as they are.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="nameOf">Their names in the file, of their names in checkpoints.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    /// <exception cref="SafetensorsException">A tensor is missing, damaged or of another size; the message names it.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public void Allocate(ParameterSet parameters, Func<string, string> nameOf, ActivationPrecision? activations = null)
    {
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        Dictionary<string, Shape> shapes = parameters.Declared().ToDictionary(d => d.Name, d => d.Shape);
        parameters.Allocate(name => ReadStored(file, name, shapes[name], nameOf), activations ?? Activations);
        ThrowUnlessWhole(file);
    }

    private static CompressedTensor ReadStored(SafetensorsFile file, string name, Shape shape, Func<string, string> nameOf)
    {
        CompressedTensor stored = CompressedTensor.Read(file, nameOf(name));
        return stored.Shape == shape ? stored
            : throw new SafetensorsException(file.Path, nameOf(name), $"is {stored.Shape}; the model expects {shape}");
    }

    /// <summary>Whether the file of the weights is what the package was made with.</summary>
    /// <exception cref="SafetensorsException">It is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public bool AreWhole()
    {
        using SafetensorsFile file = SafetensorsFile.Open(_path);
        return IsWhole(file);
    }

    private bool IsWhole(SafetensorsFile file) => file.Sha256() == _scheme.WeightsSha256;

    // After all tensors: what can be said of one says more.
    private void ThrowUnlessWhole(SafetensorsFile file)
    {
        if (!IsWhole(file))
        {
            throw new SafetensorsException(
                _path, null, "is not what the package was made with: its SHA-256 is another. Copy the package anew, or make it again");
        }
    }

    private static string Sha256(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Sha256();
    }

    private static JsonObject Configuration(string folder)
    {
        string path = Path.Join(folder, ConfigurationName);
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new JsonException("it is no object");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new CompressionException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
