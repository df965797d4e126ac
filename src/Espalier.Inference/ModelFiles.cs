using Espalier.Compression;
using Espalier.Compression.Packages;
using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Weights;
using Espalier.Text;
using Espalier.Text.Tokenization;

namespace Espalier.Inference;

/// <summary>The files of a model's folder, read as an application needs them.</summary>
internal sealed class ModelFiles
{
    private readonly string _folder;
    private readonly RobertaConfiguration _configuration;

    private ModelFiles(string folder, RobertaConfiguration configuration) => (_folder, _configuration) = (folder, configuration);

    public IReadOnlyList<string> Labels => _configuration.Labels(Path.Join(_folder, RobertaConfiguration.FileName))
        ?? throw new InferenceException(_folder, "is no classifier but a pretrained encoder; finetune it on labelled texts first");

    public EncoderConfiguration Encoder => _configuration.ToEncoder(Path.Join(_folder, RobertaConfiguration.FileName));

    public static ModelFiles Open(string folder) => Understood(folder, () =>
    {
        string path = Path.Join(folder, RobertaConfiguration.FileName);
        byte[] json = File.ReadAllBytes(path);
        return EncoderDecoderFormat.IsOf(json)
            ? throw new InferenceException(folder, "is a model that translates; open it with Translator, or with espalier translation translate")
            : new ModelFiles(folder, RobertaConfiguration.Parse(path, json));
    });

    public Tokenizer Tokenizer() => Understood(_folder, () => Text.Tokenization.Tokenizer.Load(Path.Join(_folder, "tokenizer.json")));

    /// <summary>Gives declared parameters their memory and weights; compressed ones stay so, and multiply as they are.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    public void Load(ParameterSet parameters, ActivationPrecision? activations) => Understood<object?>(_folder, () =>
    {
        EncoderConfiguration encoder = Encoder;
        if (_configuration.Compression == null)
        {
            parameters.Allocate(seed: 0, trainable: false);
            RobertaTensors.Load(Path.Join(_folder, RobertaTensors.FileName), parameters, encoder, _configuration.PadTokenId, withHead: true);
        }
        else
        {
            CompressedWeights.Open(_folder).Allocate(parameters, name => RobertaTensors.NameOf(name, encoder), activations);
        }

        return null;
    });

    public static T Understood<T>(string folder, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InferenceException(
                folder, $"is no readable model: {e.Message}; expected a folder with config.json, tokenizer.json and model.safetensors", e);
        }
        catch (Exception e) when (e is ModelFormatException or SafetensorsException or CompressionException or TextException or ConfigurationException)
        {
            throw new InferenceException(folder, $"cannot be opened: {e.Message}", e);
        }
    }
}
