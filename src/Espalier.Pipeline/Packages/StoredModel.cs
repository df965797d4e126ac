using Espalier.Compression;
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
public sealed record StoredModel(EncoderConfiguration Configuration, ModelHead Head, Tokenizer Tokenizer, ModelWeights Weights)
{
    /// <summary>Declares the parameters of such a model.</summary>
    public static void Declare(ParameterSet parameters, EncoderConfiguration configuration, ModelHead head)
    {
        if (head.Labels is { } labels)
        {
            _ = new SequenceClassifier(parameters, configuration, labels.Count);
        }
        else
        {
            _ = new MaskedLanguageModel(parameters, configuration);
        }
    }

    /// <summary>Loads a model.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="RunException">There is none, its configuration cannot be read, or its weights are compressed already.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights are not of this model.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public static StoredModel Load(string folder)
    {
        EncoderConfiguration configuration = ModelFolder.ReadConfiguration(folder);
        ModelHead head = ModelFolder.ReadHead(folder);
        Tokenizer tokenizer = Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName));
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        Declare(parameters, configuration, head);
        parameters.Allocate(seed: 0, trainable: false);
        ModelFolder.Load(folder, parameters, configuration, withHead: true);
        return new StoredModel(configuration, head, tokenizer, ModelWeights.Download(parameters));
    }
}
