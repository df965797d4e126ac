using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Packages;

/// <summary>Quantizes a model that translates; see <see cref="ModelQuantization"/> for encoders.</summary>
public sealed class TranslationQuantization
{
    // Below four bits a scale for each row or tensor is not enough.
    private static readonly int[] BitsToTry = [8, 6, 5, 4];

    private readonly string _source;
    private readonly QuantizationSettings _settings;
    private readonly EncoderDecoderConfiguration _configuration;
    private readonly Tokenizer _tokenizer;
    private readonly ModelWeights _weights;
    private readonly WeightMasks _masks;

    /// <summary>Loads the model.</summary>
    /// <param name="source">Its folder, or that of a package.</param>
    /// <param name="settings">How to quantize it.</param>
    /// <exception cref="RunException">It is another kind of model.</exception>
    /// <exception cref="CompressionException">A weight is infinite or no number, a tensor that is to be kept is not there, or it is a
    /// package of another version.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public TranslationQuantization(string source, QuantizationSettings settings)
    {
        (_source, _settings) = (source, settings);
        _configuration = TranslationFolder.ReadConfiguration(source);
        _tokenizer = Tokenizer.Load(Path.Join(source, ModelFolder.TokenizerName));
        (_weights, _masks) = TranslationPackage.ReadWeights(source, _configuration);
        _weights.ThrowUnlessFinite();
        settings.ThrowUnlessKept(_weights);
        settings.ThrowIfConstant(_weights, _masks);
    }

    /// <summary>Writes a package with the same bits for every tensor that is not kept.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <exception cref="CompressionException">A tensor cannot be quantized; nothing is written.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing is written.</exception>
    public QuantizationOutcome Write(string folder) => Write(folder, [_settings.Bits], long.MaxValue);

    /// <summary>Writes the package with the most bits, of 8, 6, 5 and 4, that takes no more than a certain size.</summary>
    /// <param name="folder">A folder that is not there.</param>
    /// <param name="bytes">Most bytes of the package.</param>
    /// <exception cref="CompressionException">None fits, a tensor cannot be quantized, or the source is quantized already and smaller;
    /// nothing is written.</exception>
    /// <exception cref="IOException">The disk is full or failed; nothing is written.</exception>
    public QuantizationOutcome WriteWithin(string folder, long bytes) => Write(folder, BitsToTry, ModelPackage.MostBytes(_source, bytes));

    private QuantizationOutcome Write(string folder, IReadOnlyList<int> bits, long most)
        => AtomicFolder.Write(folder, to =>
        {
            long smallest = long.MaxValue;
            foreach (int b in bits)
            {
                PackedTensor[] tensors = Pack(to, _settings, b);
                smallest = ModelPackage.BytesOf(to);
                if (smallest <= most)
                {
                    ModelPackage.ThrowIfGrown(_source, to);
                    return QuantizationOutcome.Of(_source, to, _weights, tensors);
                }
            }

            Pack(to, _settings with { Granularity = ScaleGranularity.Tensor }, bits[^1]);
            throw new CompressionException(
                $"with {bits[^1]} bits the package takes {smallest:N0} bytes, {ModelPackage.BytesWithoutWeights(to):N0} of them beside the weights; {most:N0} are allowed: "
                + $"allow {smallest - most:N0} bytes more{(ModelPackage.BytesOf(to) > most ? "" : ", take one range for each tensor (--granularity Tensor)")}, or train a smaller model");
        });

    private PackedTensor[] Pack(string folder, QuantizationSettings settings, int bits)
    {
        PackedTensor[] tensors = [.. _weights.Tensors.Select(t => settings.Pack(t, bits, _masks.Of(t.Name)))];
        TranslationPackage.Write(folder, tensors, _configuration, _tokenizer);
        return tensors;
    }
}
