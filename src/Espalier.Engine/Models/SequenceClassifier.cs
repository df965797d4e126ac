using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;
using Espalier.Engine.Kernels;
using Espalier.Engine.Layers;
using Espalier.Engine.Memory;
using Linear = Espalier.Engine.Layers.Linear;

namespace Espalier.Engine.Models;

/// <summary>
/// An encoder that classifies whole sequences from their first token, as RoBERTa does: dropout, dense, tanh, dropout,
/// projection to the classes.
/// </summary>
public sealed class SequenceClassifier
{
    private readonly Linear _dense;
    private readonly Linear _projection;
    private readonly float _dropout;
    private readonly int _classes;

    /// <summary>Declares the parameters.</summary>
    /// <param name="parameters">Where they are declared.</param>
    /// <param name="configuration">The encoder's configuration.</param>
    /// <param name="classes">Number of classes, 2 or more.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    public SequenceClassifier(ParameterSet parameters, EncoderConfiguration configuration, int classes)
    {
        List<string> faults = [.. configuration.Validate()];
        if (classes < 2)
        {
            faults.Add($"{classes} classes; expected 2 or more");
        }

        ConfigurationException.ThrowIfAny("classifier", faults);
        if (configuration.Initialization == WeightSchemeKind.Neighbours && (configuration.Layers == 1 || configuration.Sharing != LayerSharing.None))
        {
            // The first token, which the head reads, has this one attention to look at all others: neighbours tell it of one word.
            configuration = configuration with { Initialization = WeightSchemeKind.Scaled };
        }

        Encoder = new Encoder(parameters, configuration);
        var scheme = new WeightScheme(configuration.Initialization, configuration.Hidden);
        int h = configuration.Hidden;
        _dense = new Linear(parameters, "classifier.dense", h, h, scheme.Weight(h, h));
        _projection = new Linear(parameters, "classifier.out_proj", h, classes, scheme.Weight(h, classes));
        _dropout = configuration.Dropout;
        _classes = classes;
    }

    /// <summary>The encoder under the head.</summary>
    public Encoder Encoder { get; }

    /// <summary><paramref name="weight"/> · Σ over sequences of the cross-entropy, in nats.</summary>
    public Tensor Loss(Tape tape, in TokenBatch batch, DeviceSpan<int> labelsB, float weight)
        => ProjectedCrossEntropy.Apply(
            tape, Hidden(tape, batch), _projection.Weight, _projection.Bias, labelsB, smoothing: 0, weight);

    /// <summary>Scores, B × classes.</summary>
    public Tensor Logits(Tape tape, in TokenBatch batch) => _projection.Apply(tape, Hidden(tape, batch));

    /// <summary>A probability for each class, of every sequence; uniform where the model's scores are no numbers.</summary>
    /// <param name="tape">Neither training nor recording.</param>
    /// <param name="batch">The sequences.</param>
    /// <returns>B rows that add up to 1.</returns>
    public double[][] Probabilities(Tape tape, in TokenBatch batch)
    {
        Tensor logits = Logits(tape, batch);
        float[] scores = new float[batch.Sequences.Count * _classes];
        tape.Device.Download(logits.Data, scores);
        return [.. Enumerable.Range(0, scores.Length / _classes).Select(i => Softmax(scores.AsSpan(i * _classes, _classes)))];
    }

    private Tensor Hidden(Tape tape, in TokenBatch batch)
    {
        Sequences sequences = batch.Sequences;
        Tensor first = GatherRows.Apply(tape, Encoder.Forward(tape, batch), sequences.Offsets.Slice(0, sequences.Count));
        Tensor dense = _dense.Apply(tape, Dropout.Apply(tape, first, _dropout), Activation.Tanh);
        return Dropout.Apply(tape, dense, _dropout);
    }

    private static double[] Softmax(ReadOnlySpan<float> scores)
    {
        double[] result = new double[scores.Length];
        double highest = double.NegativeInfinity, sum = 0;
        foreach (float score in scores)
        {
            highest = Math.Max(highest, score);
        }

        for (int i = 0; i < result.Length; i++)
        {
            result[i] = Math.Exp(scores[i] - highest);
            sum += result[i];
        }

        for (int i = 0; i < result.Length; i++)
        {
            // A model whose weights are no numbers knows nothing.
            result[i] = double.IsFinite(sum) && sum > 0 ? result[i] / sum : 1.0 / result.Length;
        }

        return result;
    }
}
