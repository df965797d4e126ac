using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Random;
using Espalier.Text.Batching;
using Espalier.Text.Labelled;
using Espalier.Training.MicroBatches;
using Espalier.Training.Runs;

namespace Espalier.Training.Objectives;

/// <summary>
/// Finetuning (the paper's appendix D): to classify a text, or two. The figure of merit is the accuracy on the development set.
/// </summary>
public sealed class Classification : StreamObjective<ClassificationBatch>
{
    private readonly SequenceClassifier _model;
    private readonly EncoderFlops _flops;
    private readonly int _classes;
    private readonly EncodedExamples _development;

    private Classification(
        ParameterSet parameters, SequenceClassifier model, int classes, ClassificationBatches batches, EncodedExamples development, ulong seed)
        : base(parameters, batches, new BatchPosition(seed))
        => (_model, _flops, _classes, _development) =
            (model, new EncoderFlops(model.Encoder.Configuration), classes, development);

    /// <summary>The model's configuration.</summary>
    public EncoderConfiguration Configuration => _model.Encoder.Configuration;

    /// <summary>Made-up batches for timing this kind of model.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="length">Tokens of a sequence.</param>
    public static TrialModel Trial(EncoderConfiguration configuration, int classes, int length) => parameters =>
    {
        var model = new SequenceClassifier(parameters, configuration, classes);
        return (tape, sequences) =>
        {
            var random = new RandomStream(0, 0);
            int[] ids = [.. Enumerable.Range(0, sequences * length).Select(_ => (int)(random.NextUInt32() % configuration.Vocabulary))];
            int[] offsets = [.. Enumerable.Range(0, sequences + 1).Select(i => i * length)];
            int[] labels = [.. Enumerable.Range(0, sequences).Select(i => i % classes)];
            return model.Loss(tape, TokenBatch.Upload(tape, ids, offsets, configuration), tape.Upload(labels), 1f / sequences);
        };
    };

    /// <summary>Builds and initializes a model.</summary>
    /// <param name="device">Where it is trained.</param>
    /// <param name="configuration">The encoder.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="train">What to learn from.</param>
    /// <param name="batches">How batches are made.</param>
    /// <param name="development">What to evaluate on.</param>
    /// <param name="seed">Seed of the weights that are not loaded, and of the order of the data.</param>
    /// <param name="pretrained">Folder of a model or a package whose encoder to begin from; null begins from scratch.</param>
    /// <exception cref="ConfigurationException">The model's configuration has faults.</exception>
    /// <exception cref="RunException">The folder's configuration cannot be read.</exception>
    /// <exception cref="Compression.CompressionException">It is a package of another version.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">The folder's weights are of another model.</exception>
    public static Classification Create(
        Device device, EncoderConfiguration configuration, int classes, EncodedExamples train, SequenceBatchOptions batches,
        EncodedExamples development, ulong seed, string? pretrained)
    {
        using var opened = new Opened();
        ParameterSet parameters = opened.Add(new ParameterSet(device));
        var model = new SequenceClassifier(parameters, configuration, classes);
        parameters.Allocate(seed);
        if (pretrained != null)
        {
            ModelFolder.Load(pretrained, parameters, configuration, withHead: false);
        }

        return opened.HandOver(new Classification(parameters, model, classes, new ClassificationBatches(train, batches), development, seed));
    }

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Tape tape, CancellationToken cancel)
        => ClassifierResult.Measure(tape, _model, _classes, _development, cancel).ToEvaluation();

    /// <inheritdoc/>
    protected override Tensor Loss(Tape tape, ClassificationBatch batch, float weight)
        => _model.Loss(
            tape, TokenBatch.Upload(tape, batch.Input.Tokens, batch.Input.Offsets, Configuration), tape.Upload(batch.Labels), weight);

    /// <inheritdoc/>
    protected override FlopCount Flops(ClassificationBatch batch) => _flops.Classifier(batch.Input.Offsets, _classes);
}
