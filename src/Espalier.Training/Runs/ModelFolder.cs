using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Packages;
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
    public const string WeightsName = RobertaTensors.FileName;

    /// <summary>Name of the tokenizer's file.</summary>
    public const string TokenizerName = "tokenizer.json";

    /// <summary>Name of the configuration's file.</summary>
    public const string ConfigurationName = RobertaConfiguration.FileName;

    /// <summary>Writes the three files into a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="parameters">An encoder with a head, as the models of the engine declare them.</param>
    /// <param name="configuration">The encoder's configuration.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="head">What stands on the encoder.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(
        string folder, ParameterSet parameters, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
    {
        tokenizer.Save(Path.Join(folder, TokenizerName));
        using (FileStream file = File.Create(Path.Join(folder, ConfigurationName)))
        {
            file.Write(ConfigurationOf(configuration, tokenizer, head));
            file.Flush(flushToDisk: true);
        }

        RobertaTensors.Save(Path.Join(folder, WeightsName), parameters, configuration, tokenizer.Special.Pad);
    }

    /// <summary>What <c>config.json</c> holds, in UTF-8.</summary>
    public static byte[] ConfigurationOf(EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
        => JsonSerializer.SerializeToUtf8Bytes(
            RobertaConfiguration.Of(configuration, tokenizer.Special.Bos, tokenizer.Special.Pad, tokenizer.Special.Eos, head.Labels),
            RobertaConfigurationJson.Default.RobertaConfiguration);

    /// <summary>The name in <c>model.safetensors</c> of a tensor that the engine stores under <paramref name="name"/>.</summary>
    public static string NameOf(string name, EncoderConfiguration configuration)
        => RobertaTensors.NameOf(name, configuration);

    /// <summary>Reads the encoder's configuration.</summary>
    /// <exception cref="RunException">There is none, or it is of another kind of model.</exception>
    public static EncoderConfiguration ReadConfiguration(string folder)
        => Checked(() => Read(folder).ToEncoder(Path.Join(folder, ConfigurationName)));

    /// <summary>Reads what stands on the encoder.</summary>
    /// <exception cref="RunException">There is no configuration, or its head is of another kind.</exception>
    public static ModelHead ReadHead(string folder)
        => Checked(() => new ModelHead(Read(folder).Labels(Path.Join(folder, ConfigurationName))));

    /// <summary>
    /// Loads the weights of a folder into parameters of the same encoder. Those of a package are decoded: what their compression lost
    /// stays lost, and training is free to change what was pruned.
    /// </summary>
    /// <param name="folder">Where the model or the package lies.</param>
    /// <param name="parameters">Allocated, of the folder's configuration; the head may be another.</param>
    /// <param name="configuration">The encoder's configuration.</param>
    /// <param name="withHead">Whether the head is loaded too; without it the head stays as it was initialized.</param>
    /// <exception cref="SafetensorsException">Tensors are missing or of another shape, or a weight is no finite number; the message names them.</exception>
    /// <exception cref="RunException">The folder's configuration cannot be read.</exception>
    /// <exception cref="CompressionException">It is a package of another version, or does not say how weights are compressed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static void Load(string folder, ParameterSet parameters, EncoderConfiguration configuration, bool withHead)
    {
        RobertaConfiguration stored = Read(folder);
        if (stored.Compression == null)
        {
            RobertaTensors.Load(Path.Join(folder, WeightsName), parameters, configuration, stored.PadTokenId, withHead);
            return;
        }

        (string Name, Shape Shape, DeviceSpan<float> Values)[] wanted =
            [.. parameters.Stored().Where(t => withHead || !RobertaTensors.IsHead(t.Name))];
        ModelWeights weights = CompressedWeights.Open(folder).Read(
            wanted.Select(t => (t.Name, t.Shape)), name => NameOf(name, configuration)).Weights;
        foreach ((string name, _, DeviceSpan<float> values) in wanted)
        {
            parameters.Device.Upload(weights[name].Values, values);
        }
    }

    private static RobertaConfiguration Read(string folder)
    {
        string path = Path.Join(folder, ConfigurationName);
        try
        {
            return Checked(() => RobertaConfiguration.Parse(path, File.ReadAllBytes(path)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RunException(path, $"is no model's configuration: {e.Message}", e);
        }
    }

    private static T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ModelFormatException e)
        {
            throw new RunException(e.Path, e.Problem, e);
        }
    }
}
