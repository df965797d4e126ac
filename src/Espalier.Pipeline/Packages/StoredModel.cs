using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Pruning;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>A model as it lies in a folder, with its weights in host memory.</summary>
/// <param name="Configuration">Its encoder.</param>
/// <param name="Head">What stands on it.</param>
/// <param name="Tokenizer">Its tokenizer.</param>
/// <param name="Weights">Its weights.</param>
/// <param name="Masks">Which of them are pruned.</param>
public sealed record StoredModel(
    EncoderConfiguration Configuration, ModelHead Head, Tokenizer Tokenizer, ModelWeights Weights, WeightMasks Masks)
{
    /// <summary>Loads a model or a package.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="RunException">There is none, or its configuration cannot be read.</exception>
    /// <exception cref="CompressionException">It is a package of another version, or says of its weights what cannot be.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights are damaged, or not of this model.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public static StoredModel Load(string folder)
    {
        EncoderConfiguration configuration = ModelFolder.ReadConfiguration(folder);
        ModelHead head = ModelFolder.ReadHead(folder);
        Tokenizer tokenizer = Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName));
        using var device = new CpuDevice(1);
        using ParameterSet parameters = Declare(device, configuration, head);
        parameters.Allocate(seed: 0, trainable: false);
        if (CompressedWeights.AreIn(folder))
        {
            (ModelWeights weights, WeightMasks masks) = CompressedWeights.Open(folder).Read(
                parameters.Declared(), name => ModelFolder.NameOf(name, configuration));
            return new StoredModel(configuration, head, tokenizer, weights, masks);
        }

        ModelFolder.Load(folder, parameters, configuration, withHead: true);
        return new StoredModel(configuration, head, tokenizer, ModelWeights.Download(parameters), WeightMasks.None);
    }

    /// <summary>Declares the parameters of such a model.</summary>
    internal static ParameterSet Declare(Device device, EncoderConfiguration configuration, ModelHead head)
    {
        var parameters = new ParameterSet(device);
        if (head.Labels is { } labels)
        {
            _ = new SequenceClassifier(parameters, configuration, labels.Count);
        }
        else
        {
            _ = new MaskedLanguageModel(parameters, configuration);
        }

        return parameters;
    }
}
