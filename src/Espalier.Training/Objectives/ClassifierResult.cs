using Espalier.Engine.Autograd;
using Espalier.Engine.Models;
using Espalier.Text.Batching;
using Espalier.Text.Labelled;
using Espalier.Text.Metrics;

namespace Espalier.Training.Objectives;

/// <summary>What a classifier makes of an example.</summary>
/// <param name="Gold">The class that it has.</param>
/// <param name="Predicted">The class of the highest probability; of equal ones the first.</param>
/// <param name="Probabilities">One for each class; they add up to 1.</param>
public sealed record ClassPrediction(int Gold, int Predicted, IReadOnlyList<double> Probabilities);

/// <summary>What a classifier makes of a labelled set.</summary>
/// <param name="Predictions">One for each example, in the order of the set.</param>
/// <param name="Confusion">Gold classes against predicted ones.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Tokens">Tokens that passed through the model.</param>
public sealed record ClassifierResult(IReadOnlyList<ClassPrediction> Predictions, ConfusionMatrix Confusion, double Loss, long Tokens)
{
    // So many sequences at once that cores are busy, and so few that activations stay in the caches.
    private const int BatchTokens = 2048;

    /// <summary>Runs a classifier over a set.</summary>
    /// <param name="tape">Its training and recording are switched off.</param>
    /// <param name="model">The classifier.</param>
    /// <param name="classes">Number of its classes.</param>
    /// <param name="examples">The set.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ClassifierResult Measure(
        Tape tape, SequenceClassifier model, int classes, EncodedExamples examples, CancellationToken cancel = default)
    {
        var batches = new ClassificationBatches(
            examples, new SequenceBatchOptions { BatchTokens = BatchTokens, MicroBatchTokens = BatchTokens, Shuffle = false });
        StepBatch<ClassificationBatch> batch = batches.NewBatch();
        var position = new BatchPosition(0);
        List<ClassPrediction> predictions = new(examples.Labels.Count);
        var confusion = new ConfusionMatrix(classes);
        double loss = 0;
        long tokens = 0;
        (tape.Training, tape.Recording) = (false, false);
        while (position.Epoch == 0)
        {
            position = batches.Build(position, batch);
            tokens += batch.TokenCount;
            foreach (ClassificationBatch micro in batch.MicroBatches)
            {
                cancel.ThrowIfCancellationRequested();
                tape.Reset();
                double[][] all = model.Probabilities(
                    tape, TokenBatch.Upload(tape, micro.Input.Tokens, micro.Input.Offsets, model.Encoder.Configuration));
                for (int i = 0; i < micro.TargetCount; i++)
                {
                    double[] probabilities = all[i];
                    int gold = micro.Labels[i], predicted = Array.IndexOf(probabilities, probabilities.Max());
                    predictions.Add(new ClassPrediction(gold, predicted, probabilities));
                    confusion.Add(gold, predicted);
                    // A probability too small for its format is not none at all: the mean stays finite.
                    loss -= Math.Log(Math.Max(probabilities[gold], double.Epsilon));
                }
            }
        }

        return new ClassifierResult(predictions, confusion, loss / predictions.Count, tokens);
    }

    /// <summary>The accuracy as an evaluation of training.</summary>
    public Evaluation ToEvaluation()
        => new("accuracy", Confusion.Accuracy, Loss, Confusion.Total, Tokens);
}
