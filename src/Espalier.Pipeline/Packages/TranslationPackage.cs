using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Packages;

/// <summary>Packages of models that translate: their folder, with weights that may be compressed; see <see cref="ModelPackage"/> for encoders.</summary>
public static class TranslationPackage
{
    /// <summary>Writes the files of a package into a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">The weights, packed.</param>
    /// <param name="configuration">The model.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="activations">What activations are to be when they meet a quantized weight.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(
        string folder, IReadOnlyList<PackedTensor> tensors, EncoderDecoderConfiguration configuration, Tokenizer tokenizer,
        ActivationPrecision activations = ActivationPrecision.Single)
    {
        tokenizer.Save(Path.Join(folder, ModelFolder.TokenizerName));
        byte[] json = TranslationFolder.ConfigurationOf(configuration, tokenizer);
        if (tensors.Any(t => !t.Stored.IsPlain))
        {
            CompressedWeights.Write(folder, json, tensors, name => name, activations);
        }
        else
        {
            File.WriteAllBytes(Path.Join(folder, EncoderDecoderFormat.FileName), json);
            new ModelWeights(tensors.Select(t => t.Decode())).Save(Path.Join(folder, ModelFolder.WeightsName));
        }
    }

    /// <summary>Reads the weights of a model or a package, and which of them are pruned.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="configuration">The model.</param>
    /// <exception cref="CompressionException">It is a package of another version, or does not say how weights are compressed.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">A tensor is missing or damaged; the message names it.</exception>
    public static (ModelWeights Weights, WeightMasks Masks) ReadWeights(string folder, EncoderDecoderConfiguration configuration)
    {
        if (!CompressedWeights.AreIn(folder))
        {
            return (ModelWeights.Load(Path.Join(folder, ModelFolder.WeightsName)), WeightMasks.None);
        }

        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        using var model = new EncoderDecoder(parameters, configuration);
        return CompressedWeights.Open(folder).Read(parameters.Declared(), name => name);
    }

    /// <summary>Opens a model to measure it; one that is compressed runs on its compressed weights.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="device">Where it runs; must outlive it.</param>
    /// <param name="pairs">What it is measured on.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    /// <exception cref="RunException">It is another kind of model, or its configuration cannot be read.</exception>
    /// <exception cref="CompressionException">It is a package of another version, or does not say how weights are compressed.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">A tensor is missing or damaged; the message names it.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public static TrainedTranslator Open(
        string folder, Device device, EncodedPairs pairs, ActivationPrecision? activations = null)
    {
        if (!CompressedWeights.AreIn(folder))
        {
            return TrainedTranslator.Load(folder, device, pairs);
        }

        CompressedWeights weights = CompressedWeights.Open(folder);
        return TrainedTranslator.Load(folder, device, pairs, parameters => weights.Allocate(parameters, name => name, activations));
    }
}
