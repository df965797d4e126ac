using Espalier.Compression;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>Packages: folders in Hugging Face's layout whose weights may be compressed.</summary>
public static class ModelPackage
{
    /// <summary>Writes the three files of a package into a folder that is there.</summary>
    public static void Write(
        string folder, IReadOnlyList<PackedTensor> tensors, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
    {
        using var device = new CpuDevice(1);
        using var parameters = new ParameterSet(device);
        StoredModel.Declare(parameters, configuration, head);
        parameters.Allocate(seed: 0, trainable: false);
        Shape ShapeOf(string name) => parameters.Stored().Single(t => t.Name == name).Shape;
        new ModelWeights(tensors.Select(t => new WeightTensor(t.Name, ShapeOf(t.Name), t.Decode()))).Upload(parameters);
        ModelFolder.Write(folder, parameters, configuration, tokenizer, head);
    }

    /// <summary>Writes a package, whole or not at all.</summary>
    /// <param name="folder">Where; nothing may stand there.</param>
    public static void Create(
        string folder, IReadOnlyList<PackedTensor> tensors, EncoderConfiguration configuration, Tokenizer tokenizer, ModelHead head)
        => AtomicFolder.Write<object?>(folder, to =>
        {
            Write(to, tensors, configuration, tokenizer, head);
            return null;
        });

    /// <summary>Bytes of the files of a model or a package.</summary>
    public static long BytesOf(string folder) => new[] { ModelFolder.ConfigurationName, ModelFolder.TokenizerName, ModelFolder.WeightsName }
        .Sum(name => new FileInfo(Path.Join(folder, name)).Length);

    /// <summary>Opens a classifier, be it compressed or not.</summary>
    public static TrainedClassifier OpenClassifier(string folder, Device device) => TrainedClassifier.Load(folder, device);

    // Bytes that a tensor takes in the header and the scheme, at most.
    private const long BytesOfNames = 512;

    /// <summary>What a package takes beside its quantized tensors, at most.</summary>
    /// <param name="model">The model.</param>
    /// <param name="kept">Its tensors that are not quantized.</param>
    public static long BytesBeside(StoredModel model, IEnumerable<WeightTensor> kept)
    {
        using var tokenizer = new MemoryStream();
        return 0;
    }
}
