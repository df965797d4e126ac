using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Safetensors;
using Espalier.Text.Bitext;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Training.Translation;

/// <summary>A model that translates from its folder, ready to be measured on a parallel set.</summary>
public sealed class TrainedTranslator : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly EncoderDecoder _model;
    private readonly TranslationSet _set;
    private readonly Tape _tape;

    private TrainedTranslator(ParameterSet parameters, EncoderDecoder model, TranslationSet set)
        => (_parameters, _model, _set, _tape) = (parameters, model, set, new Tape(parameters.Device));

    /// <summary>Its weights.</summary>
    public ParameterSet Weights => _parameters;

    /// <summary>Loads a model.</summary>
    /// <param name="folder">The folder of the model.</param>
    /// <param name="device">Where it runs; must outlive it.</param>
    /// <param name="pairs">What it is measured on, with texts, encoded with its tokenizer.</param>
    /// <param name="allocate">Gives the parameters memory and values; null takes what the folder has, in single precision.</param>
    /// <exception cref="RunException">It is another kind of model, or its configuration cannot be read.</exception>
    /// <exception cref="SafetensorsException">The weights are not of this model.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TrainedTranslator Load(string folder, Device device, EncodedPairs pairs, Action<ParameterSet>? allocate = null)
    {
        EncoderDecoderConfiguration configuration = TranslationFolder.ReadConfiguration(folder);
        var set = new TranslationSet(pairs, Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName)));
        using var opened = new Opened();
        ParameterSet parameters = opened.Add(new ParameterSet(device));
        EncoderDecoder model = opened.Add(new EncoderDecoder(parameters, configuration.ForUse()));
        if (allocate == null)
        {
            using SafetensorsFile file = SafetensorsFile.Open(Path.Join(folder, ModelFolder.WeightsName));
            parameters.Allocate(seed: 0, trainable: false);
            TensorTransfer.Load(file, device, parameters.Stored(), finite: true);
        }
        else
        {
            allocate(parameters);
        }

        return opened.HandOver(new TrainedTranslator(parameters, model, set));
    }

    /// <summary>BLEU of its translations of the set, as sacrebleu computes it on text.</summary>
    /// <param name="beam">Hypotheses of a sentence; 1 is greedy search.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double Bleu(int beam, CancellationToken cancel = default) => _set.Bleu(_tape, _model, beam, cancel);

    /// <summary>Translates some sentences of the set together.</summary>
    /// <param name="beam">Hypotheses of a sentence; 1 is greedy search.</param>
    /// <param name="chosen">Their places in it.</param>
    /// <returns>Tokens of the translations.</returns>
    public int Translate(int beam, IReadOnlyList<int> chosen) => _set.Translate(_tape, _model, beam, chosen);

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        _model.Dispose();
        _parameters.Dispose();
    }
}
