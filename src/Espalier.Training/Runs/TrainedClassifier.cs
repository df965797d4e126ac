using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Text.Labelled;
using Espalier.Text.Tokenization;
using Espalier.Training.Objectives;

namespace Espalier.Training.Runs;

/// <summary>A classifier from the folder of a model, ready to be measured.</summary>
public sealed class TrainedClassifier : IDisposable
{
    private readonly ParameterSet _parameters;
    private readonly SequenceClassifier _model;
    private readonly Tape _tape;

    private TrainedClassifier(ParameterSet parameters, SequenceClassifier model, Tokenizer tokenizer, IReadOnlyList<string> labels)
        => (_parameters, _model, Tokenizer, Labels, _tape) = (parameters, model, tokenizer, labels, new Tape(parameters.Device));

    /// <summary>Its tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Its classes, in order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The encoder's configuration.</summary>
    public EncoderConfiguration Configuration => _model.Encoder.Configuration;

    /// <summary>Its weights.</summary>
    public ParameterSet Weights => _parameters;

    /// <summary>Values of all parameters.</summary>
    public long Parameters => _parameters.Count;

    /// <summary>Loads a classifier.</summary>
    /// <param name="folder">The folder of the model.</param>
    /// <param name="device">Where it runs; must outlive it.</param>
    /// <param name="allocate">Gives the parameters memory and values; null takes what the folder has, in single precision.</param>
    /// <exception cref="RunException">The model is no classifier, or its configuration cannot be read.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The weights are not of this model.</exception>
    /// <exception cref="Text.TextException">The tokenizer cannot be read.</exception>
    public static TrainedClassifier Load(string folder, Device device, Action<ParameterSet>? allocate = null)
    {
        IReadOnlyList<string> labels = ModelFolder.ReadHead(folder).Labels
            ?? throw new RunException(folder, "is no classifier; finetune it first");
        EncoderConfiguration configuration = ModelFolder.ReadConfiguration(folder);
        Tokenizer tokenizer = Tokenizer.Load(Path.Join(folder, ModelFolder.TokenizerName));
        using var opened = new Opened();
        ParameterSet parameters = opened.Add(new ParameterSet(device));
        var model = new SequenceClassifier(parameters, configuration, labels.Count);
        if (allocate == null)
        {
            parameters.Allocate(seed: 0, trainable: false);
            ModelFolder.Load(folder, parameters, configuration, withHead: true);
        }
        else
        {
            allocate(parameters);
        }

        return opened.HandOver(new TrainedClassifier(parameters, model, tokenizer, labels));
    }

    /// <summary>What it makes of examples.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ClassifierResult Measure(EncodedExamples examples, CancellationToken cancel = default)
        => ClassifierResult.Measure(_tape, _model, Labels.Count, examples, cancel);

    /// <summary>Scores of sequences, B × classes.</summary>
    /// <param name="ids">N token ids, sequences end to end.</param>
    /// <param name="offsets">B + 1 offsets from 0 to N.</param>
    /// <exception cref="ArgumentException">An id is not in the vocabulary, a sequence is empty or too long.</exception>
    public float[] Score(ReadOnlySpan<int> ids, ReadOnlySpan<int> offsets)
    {
        (_tape.Training, _tape.Recording) = (false, false);
        _tape.Reset();
        Tensor logits = _model.Logits(_tape, TokenBatch.Upload(_tape, ids, offsets, Configuration));
        float[] scores = new float[(offsets.Length - 1) * Labels.Count];
        _tape.Device.Download(logits.Data, scores);
        return scores;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tape.Dispose();
        _parameters.Dispose();
    }
}
