using System.Text.Json;
using Espalier.Engine.Autograd;
using Espalier.Engine.Memory;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Text.Tokenization;

namespace Espalier.Training.Runs;

/// <summary>
/// A model in Hugging Face's layout: <c>config.json</c>, <c>tokenizer.json</c>, <c>model.safetensors</c>. Other software
/// reads it as RoBERTa, or as RobertaPreLayerNorm where norms stand before their sub-layers.
/// </summary>
/// <remarks>
/// RoBERTa counts positions from the padding symbol's id + 1, so its table begins with rows that nobody reads; it has one
/// token type, whose embedding is zero here. Layers that share parameters are written once for each, as it knows no sharing.
/// </remarks>
public static class ModelFolder
{
    /// <summary>Name of the model's file.</summary>
    public const string WeightsName = "model.safetensors";

    /// <summary>Name of the tokenizer's file.</summary>
    public const string TokenizerName = "tokenizer.json";

    /// <summary>Name of the configuration's file.</summary>
    public const string ConfigurationName = "config.json";

    private const string Positions = "embeddings.position_embeddings.weight", TokenTypes = "embeddings.token_type_embeddings.weight";

    private static readonly string[] HeadNames = ["lm_head.", "classifier."];

    /// <summary>Writes the model of a run, whole or not at all.</summary>
    /// <param name="run">The run.</param>
    /// <param name="parameters">An encoder with a head, as the models of the engine declare them.</param>
    /// <param name="configuration">The encoder's configuration.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="head">What stands on the encoder.</param>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public static void Write(
        RunDirectory run, ParameterSet parameters, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
        => run.Storage.WriteFolder(run.ModelPath, folder => Write(folder, parameters, configuration, tokenizer, head));

    /// <summary>Writes the three files into a folder that is there.</summary>
    /// <inheritdoc cref="Write(RunDirectory, ParameterSet, EncoderConfiguration, Tokenizer, ModelHead)"/>
    public static void Write(
        string folder, ParameterSet parameters, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
    {
        tokenizer.Save(Path.Join(folder, TokenizerName));
        using (FileStream file = File.Create(Path.Join(folder, ConfigurationName)))
        {
            file.Write(ConfigurationOf(configuration, tokenizer, head));
            file.Flush(flushToDisk: true);
        }

        int unread = tokenizer.Special.Pad + 1;
        using DeviceMemory positions = PositionMemory(parameters, configuration, unread);
        using DeviceMemory tokenTypes = new(parameters.Device, configuration.Hidden * sizeof(float));
        DeviceSpan<float> table = PositionTable(parameters);
        float[] rows = new float[table.Length];
        parameters.Device.Download(table, rows);
        parameters.Device.Upload(rows, Read(positions, configuration, unread));
        IEnumerable<(string, Shape, DeviceSpan<float>)> tensors =
        [
            .. Tensors(parameters, configuration, positions, unread),
            (ModelConfiguration.PrefixOf(configuration.Norm) + TokenTypes, Shape.Matrix(1, configuration.Hidden), tokenTypes.Span<float>()),
            .. Copies(parameters, configuration),
        ];
        TensorTransfer.Save(
            Path.Join(folder, WeightsName), parameters.Device, tensors,
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>What <c>config.json</c> holds, in UTF-8.</summary>
    public static byte[] ConfigurationOf(EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
        => JsonSerializer.SerializeToUtf8Bytes(
            ModelConfiguration.Of(configuration, tokenizer, head), ModelConfigurationJson.Default.ModelConfiguration);

    /// <summary>The name in <c>model.safetensors</c> of a tensor that the engine stores under <paramref name="name"/>.</summary>
    public static string NameOf(string name, EncoderConfiguration configuration)
        => IsHead(name) ? name : ModelConfiguration.PrefixOf(configuration.Norm) + name;

    /// <summary>Reads the encoder's configuration.</summary>
    /// <exception cref="RunException">There is none, or it is of another kind of model.</exception>
    public static EncoderConfiguration ReadConfiguration(string folder)
        => Read(folder).ToEncoder(Path.Join(folder, ConfigurationName));

    /// <summary>Reads what stands on the encoder.</summary>
    /// <exception cref="RunException">There is no configuration, or its head is of another kind.</exception>
    public static ModelHead ReadHead(string folder)
    {
        string path = Path.Join(folder, ConfigurationName);
        ModelConfiguration configuration = Read(folder);
        string architecture = configuration.Architectures.FirstOrDefault() ?? "";
        if (architecture.EndsWith("ForMaskedLM", StringComparison.Ordinal))
        {
            return ModelHead.MaskedLanguageModel;
        }

        if (!architecture.EndsWith("ForSequenceClassification", StringComparison.Ordinal))
        {
            throw new RunException(path, $"has the architecture '{architecture}'; expected one for MaskedLM or SequenceClassification");
        }

        Dictionary<string, string> labels = configuration.LabelOfId ?? [];
        return ModelHead.Classifier([.. Enumerable.Range(0, labels.Count).Select(id => labels.GetValueOrDefault($"{id}")
            ?? throw new RunException(path, $"id2label names {labels.Count} classes, and none with id {id}"))]);
    }

    /// <summary>Loads the weights of a folder into parameters of the same encoder.</summary>
    /// <param name="folder">Where the model lies.</param>
    /// <param name="parameters">Allocated, of the folder's configuration; the head may be another.</param>
    /// <param name="configuration">The encoder's configuration.</param>
    /// <param name="withHead">Whether the head is loaded too; without it the head stays as it was initialized.</param>
    /// <exception cref="SafetensorsException">Tensors are missing or of another shape; the message names them.</exception>
    /// <exception cref="RunException">The folder's configuration cannot be read, or its weights are compressed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(string folder, ParameterSet parameters, EncoderConfiguration configuration, bool withHead)
    {
        ModelConfiguration stored = Read(folder);
        if (stored.Compression != null)
        {
            throw new RunException(folder, "is a package with compressed weights, which cannot be trained; name the model that it was made from");
        }

        int unread = stored.PadTokenId + 1;
        using SafetensorsFile file = SafetensorsFile.Open(Path.Join(folder, WeightsName));
        using DeviceMemory positions = PositionMemory(parameters, configuration, unread);
        TensorTransfer.Load(
            file, parameters.Device, Tensors(parameters, configuration, positions, unread).Where(t => withHead || !IsHead(t.Name)),
            exact: false);
        float[] rows = new float[PositionTable(parameters).Length];
        parameters.Device.Download(Read(positions, configuration, unread), rows);
        parameters.Device.Upload(rows, PositionTable(parameters));
    }

    private static ModelConfiguration Read(string folder)
    {
        string path = Path.Join(folder, ConfigurationName);
        try
        {
            return JsonSerializer.Deserialize(
                File.ReadAllBytes(path), ModelConfigurationJson.Default.ModelConfiguration) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new RunException(path, $"is no model's configuration: {e.Message}", e);
        }
    }

    private static bool IsHead(string name) => HeadNames.Any(head => name.StartsWith(head, StringComparison.Ordinal));

    private static DeviceSpan<float> PositionTable(ParameterSet parameters)
        => parameters.Stored().Single(t => t.Name == Positions).Values;

    private static DeviceMemory PositionMemory(ParameterSet parameters, EncoderConfiguration c, int unread)
        => new(parameters.Device, (long)(c.MaximumPositions + unread) * c.Hidden * sizeof(float));

    // The rows that hold positions, after those that nobody reads.
    private static DeviceSpan<float> Read(DeviceMemory positions, EncoderConfiguration c, int unread)
        => positions.Span<float>().Slice((long)unread * c.Hidden, (long)c.MaximumPositions * c.Hidden);

    // What both sides know, under the other's names, with the longer table of positions.
    private static IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Tensors(
        ParameterSet parameters, EncoderConfiguration c, DeviceMemory positions, int unread)
    {
        foreach ((string name, Shape shape, DeviceSpan<float> values) in parameters.Stored())
        {
            yield return name == Positions
                ? (NameOf(name, c), Shape.Matrix(c.MaximumPositions + unread, c.Hidden), positions.Span<float>())
                : (NameOf(name, c), shape, values);
        }
    }

    // Shared layers once more under the names of those that share them.
    private static IEnumerable<(string Name, Shape Shape, DeviceSpan<float> Values)> Copies(ParameterSet parameters, EncoderConfiguration c)
    {
        const string first = "encoder.layer.0.";
        HashSet<string> declared = [.. parameters.Stored().Select(t => t.Name)];
        foreach ((string name, Shape shape, DeviceSpan<float> values) in parameters.Stored())
        {
            for (int layer = 1; layer < c.Layers && name.StartsWith(first, StringComparison.Ordinal); layer++)
            {
                string copy = $"encoder.layer.{layer}.{name[first.Length..]}";
                if (!declared.Contains(copy))
                {
                    yield return (ModelConfiguration.PrefixOf(c.Norm) + copy, shape, values);
                }
            }
        }
    }
}
