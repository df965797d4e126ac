using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>
/// Packages: folders in Hugging Face's layout whose weights may be compressed. One in which nothing is compressed is a plain model,
/// which other software reads too.
/// </summary>
public static class ModelPackage
{
    // What a quantized tensor takes in the file's header, about: its name four times, and words and numbers.
    private const int Names = 4, BytesOfWords = 400;

    /// <summary>Writes a package, whole or not at all.</summary>
    /// <param name="folder">Where; nothing may stand there.</param>
    /// <param name="model">The model; its weights do not matter.</param>
    /// <param name="tensors">Its weights, packed.</param>
    /// <param name="activations">What activations are to be when they meet a quantized weight.</param>
    /// <exception cref="Text.TextException">Something stands there already.</exception>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Create(
        string folder, StoredModel model, IReadOnlyList<PackedTensor> tensors, ActivationPrecision activations = ActivationPrecision.Single)
        => AtomicFolder.Write<object?>(folder, to =>
        {
            Write(to, tensors, model.Configuration, model.Tokenizer, model.Head, activations);
            return null;
        });

    /// <summary>Writes the files of a package into a folder that is there.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">The weights, packed.</param>
    /// <param name="configuration">The encoder.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="head">What stands on the encoder.</param>
    /// <param name="activations">What activations are to be when they meet a quantized weight.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    public static void Write(
        string folder, IReadOnlyList<PackedTensor> tensors, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head,
        ActivationPrecision activations = ActivationPrecision.Single)
    {
        if (tensors.Any(t => !t.Stored.IsPlain))
        {
            tokenizer.Save(Path.Join(folder, ModelFolder.TokenizerName));
            CompressedWeights.Write(
                folder, ModelFolder.ConfigurationOf(configuration, tokenizer, head), tensors, name => ModelFolder.NameOf(name, configuration),
                activations);
            return;
        }

        using var device = new CpuDevice(1);
        using ParameterSet parameters = StoredModel.Declare(device, configuration, head);
        parameters.Allocate(seed: 0, trainable: false);
        new ModelWeights(tensors.Select(t => t.Decode())).Upload(parameters);
        ModelFolder.Write(folder, parameters, configuration, tokenizer, head);
    }

    /// <summary>Names of the files of a model or a package.</summary>
    public static IReadOnlyList<string> Files { get; } = [ModelFolder.ConfigurationName, ModelFolder.TokenizerName, ModelFolder.WeightsName];

    /// <summary>Bytes of the files of a model or a package.</summary>
    public static long BytesOf(string folder)
        => Files.Sum(name => new FileInfo(Path.Join(folder, name)).Length);

    /// <summary>The same without the weights: tokenizer and configuration.</summary>
    public static long BytesWithoutWeights(string folder) => BytesOf(folder) - new FileInfo(Path.Join(folder, ModelFolder.WeightsName)).Length;

    /// <summary>Whether a folder holds a package with quantized weights. What they lost is lost; quantized again they lose more.</summary>
    /// <exception cref="CompressionException">It is a package of another version, or its configuration cannot be read.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">Its weights are damaged.</exception>
    public static bool IsQuantized(string folder) => CompressedWeights.AreIn(folder) && CompressedWeights.Open(folder).AreQuantized();

    /// <summary>Most bytes of what is quantized to a size: what is quantized already must not grow by it.</summary>
    internal static long MostBytes(string source, long bytes) => IsQuantized(source) ? Math.Min(bytes, BytesOf(source)) : bytes;

    /// <summary>Throws where a quantized package that was made of another is the larger of the two. One that is quantized no more may be.</summary>
    internal static void ThrowIfGrown(string source, string made)
    {
        if (BytesOf(made) is var bytes && BytesOf(source) is var before && bytes > before && IsQuantized(source) && IsQuantized(made))
        {
            throw new CompressionException(
                $"{source} is quantized already and takes {before:N0} bytes; so it would take {bytes:N0}, and be no better: ask for fewer bits, or quantize the model that it was made from");
        }
    }

    /// <summary>Bytes that a package of a model takes beside its quantized tensors, about; what it takes is known when it is written.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="model">The model.</param>
    /// <param name="kept">Its tensors that are not quantized.</param>
    public static long BytesBeside(string folder, StoredModel model, IEnumerable<WeightTensor> kept)
        => new FileInfo(Path.Join(folder, ModelFolder.TokenizerName)).Length
            + ModelFolder.ConfigurationOf(model.Configuration, model.Tokenizer, model.Head).Length
            + model.Weights.Tensors.Sum(t => BytesOfWords + (Names * (long)ModelFolder.NameOf(t.Name, model.Configuration).Length))
            + kept.Sum(t => t.Shape.Count * sizeof(float));

    /// <summary>The same of a model whose tensors are stored by their own names, none of them kept.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="weights">Its weights.</param>
    public static long BytesBeside(string folder, ModelWeights weights)
        => new FileInfo(Path.Join(folder, ModelFolder.TokenizerName)).Length + new FileInfo(Path.Join(folder, ModelFolder.ConfigurationName)).Length
            + weights.Tensors.Sum(t => BytesOfWords + (Names * (long)t.Name.Length));

    /// <summary>Opens a classifier; one that is compressed runs on its compressed weights.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="device">Where it runs; must outlive it.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    /// <exception cref="RunException">The model is no classifier, or its configuration cannot be read.</exception>
    /// <exception cref="CompressionException">It is a package of another version, or does not say how weights are compressed.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">A tensor is missing or damaged; the message names it.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public static TrainedClassifier OpenClassifier(
        string folder, Device device, ActivationPrecision? activations = null)
    {
        if (!CompressedWeights.AreIn(folder))
        {
            return TrainedClassifier.Load(folder, device);
        }

        EncoderConfiguration configuration = ModelFolder.ReadConfiguration(folder);
        CompressedWeights weights = CompressedWeights.Open(folder);
        return TrainedClassifier.Load(folder, device, parameters => weights.Allocate(
            parameters, name => ModelFolder.NameOf(name, configuration), activations));
    }
}
