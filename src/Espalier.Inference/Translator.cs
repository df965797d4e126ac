using Espalier.Compression.Packages;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Engine.Search;
using Espalier.Engine.Weights;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;

namespace Espalier.Inference;

/// <summary>A trained model that translates, opened from its folder; one that is compressed runs on its compressed weights.</summary>
/// <remarks>
/// Safe to use from several threads: calls take turns, for a single call already keeps every worker busy. For many texts at once
/// the batched call is the faster one. Dispose it when no call is under way.
/// </remarks>
/// <example><code>
/// using var translator = Translator.Open("model");
/// Console.WriteLine(translator.Translate("A dog runs through the snow."));
/// </code></example>
public sealed class Translator : IDisposable
{
    private readonly Lock _turn = new();
    private readonly CpuDevice _device;
    private readonly ParameterSet _parameters;
    private readonly EncoderDecoder _model;
    private readonly Tokenizer _tokenizer;
    private readonly BeamSearch _search;
    private readonly Tape _tape;
    private bool _disposed;

    private Translator(CpuDevice device, ParameterSet parameters, EncoderDecoder model, Tokenizer tokenizer, BeamSettings settings)
    {
        (_device, _parameters, _model, _tokenizer) = (device, parameters, model, tokenizer);
        _search = new BeamSearch(model, settings);
        _tape = new Tape(device) { Training = false, Recording = false };
    }

    /// <summary>Values of all parameters.</summary>
    public long Parameters => _parameters.Count;

    /// <summary>Most tokens of a source; what a longer one has beyond them is not read.</summary>
    public int MaximumSourceTokens => _model.Configuration.MaximumPositions - 1;

    /// <summary>Opens a model.</summary>
    /// <param name="folder">A folder with <c>config.json</c>, <c>tokenizer.json</c> and <c>model.safetensors</c>.</param>
    /// <param name="settings">How to search; its first and last token, and those that are in no translation, are the model's. Null takes a beam of 4.</param>
    /// <param name="threads">Worker threads; 0 means every core.</param>
    /// <param name="activations">What activations are when they meet a quantized weight; null as the package says.</param>
    /// <exception cref="InferenceException">It is no model that translates, or cannot be read; the message says what is wrong.</exception>
    /// <exception cref="ConfigurationException">The settings have faults; all are listed.</exception>
    public static Translator Open(
        string folder, BeamSettings? settings = null, int threads = 0, ActivationPrecision? activations = null)
    {
        settings ??= new BeamSettings();
        ConfigurationException.ThrowIfAny("beam search", settings.Validate());
        return ModelFiles.Understood(folder, () =>
        {
            string path = Path.Join(folder, EncoderDecoderFormat.FileName);
            EncoderDecoderFormat format = EncoderDecoderFormat.Read(path, File.ReadAllBytes(path));
            Tokenizer tokenizer = Tokenizer.Load(Path.Join(folder, "tokenizer.json"));
            BeamSettings own = settings with { Begin = format.BosTokenId, End = format.EosTokenId, Excluded = Sentence.Excluded(tokenizer, format.VocabSize) };
            return tokenizer.VocabularySize <= format.VocabSize
                ? Open(folder, format, format.ToModel(path), tokenizer, own, threads, activations)
                : throw new InferenceException(
                    folder, $"the tokenizer has {tokenizer.VocabularySize} symbols, the model {format.VocabSize}; they do not belong together");
        });
    }

    /// <summary>Translates a text.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public string Translate(string text) => Translate([text])[0].Text;

    /// <summary>Translates texts, a sentence each.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="cancel">Stops it between two tokens.</param>
    /// <returns>A translation for each, in their order; that of an empty text is empty.</returns>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public IReadOnlyList<TextTranslation> Translate(IReadOnlyList<string> texts, CancellationToken cancel = default)
    {
        int longest = MaximumSourceTokens;
        int[][] sources = [.. texts.Select(text => Sentence.Encode(_tokenizer, text))];
        int[] present = [.. Enumerable.Range(0, texts.Count).Where(i => sources[i].Length > 0)];
        var translations = new TextTranslation[texts.Count];
        Array.Fill(translations, new TextTranslation("", 0, Truncated: false, Tokens: 0, SourceTokens: 0));
        lock (_turn)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            IReadOnlyList<Hypothesis> found = _search.Search(
                _tape, [.. present.Select(i => (int[])[.. sources[i].AsSpan(0, Math.Min(longest, sources[i].Length)), _tokenizer.Special.Eos])], cancel);
            for (int k = 0; k < present.Length; k++)
            {
                int i = present[k];
                translations[i] = new TextTranslation(
                    Sentence.Decode(_tokenizer, found[k].Tokens), found[k].Score, sources[i].Length > longest, found[k].Tokens.Length, sources[i].Length);
            }
        }

        return translations;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_turn)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _tape.Dispose();
            _model.Dispose();
            _parameters.Dispose();
            _device.Dispose();
        }
    }

    private static Translator Open(
        string folder, EncoderDecoderFormat format, EncoderDecoderConfiguration configuration, Tokenizer tokenizer, BeamSettings settings,
        int threads, ActivationPrecision? activations)
    {
        var device = new CpuDevice(threads);
        var parameters = new ParameterSet(device);
        EncoderDecoder? model = null;
        try
        {
            model = new EncoderDecoder(parameters, configuration.ForUse());
            Load(folder, format, parameters, activations);
            return new Translator(device, parameters, model, tokenizer, settings);
        }
        catch
        {
            model?.Dispose();
            parameters.Dispose();
            device.Dispose();
            throw;
        }
    }

    private static void Load(string folder, EncoderDecoderFormat format, ParameterSet parameters, ActivationPrecision? activations)
    {
        if (format.Compression != null)
        {
            CompressedWeights.Open(folder).Allocate(parameters, name => name, activations);
            return;
        }

        using SafetensorsFile file = SafetensorsFile.Open(Path.Join(folder, "model.safetensors"));
        parameters.Allocate(seed: 0, trainable: false);
        TensorTransfer.Load(file, parameters.Device, parameters.Stored(), finite: true);
    }
}

/// <summary>A translation.</summary>
/// <param name="Text">The text.</param>
/// <param name="Score">Its log-probability over the length penalty; 0 of an empty text.</param>
/// <param name="Truncated">Whether the source was too long and lost its end.</param>
/// <param name="Tokens">Tokens of the translation.</param>
/// <param name="SourceTokens">Tokens of the source, with those that it lost.</param>
public sealed record TextTranslation(string Text, double Score, bool Truncated, int Tokens, int SourceTokens)
{
    // Translations of a few words may well be a third as long; those of more words are not, in any pair of languages that share a vocabulary.
    private const int FewTokens = 20, ShortestPart = 3;

    /// <summary>
    /// Whether it is too short to be of all the source: so a model ends that has learned from single sentences, when it is given several
    /// at once.
    /// </summary>
    public bool IsShort => SourceTokens >= FewTokens && Tokens * ShortestPart < SourceTokens;
}
