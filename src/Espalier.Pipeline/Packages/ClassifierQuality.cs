using Espalier.Engine.Devices;
using Espalier.Text.Labelled;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Packages;

/// <summary>How well a classifier does on a labelled file.</summary>
/// <param name="Accuracy">The part of the examples that it gets right.</param>
/// <param name="Loss">Mean cross-entropy in nats.</param>
/// <param name="Examples">Examples.</param>
public sealed record ClassifierQuality(double Accuracy, double Loss, long Examples)
{
    /// <summary>Measures a model or a package as it is used: one that is compressed runs on its compressed weights.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="data">A labelled file.</param>
    /// <param name="columns">Where its texts and labels stand.</param>
    /// <param name="threads">Worker threads; 0 takes every core.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="RunException">The model is no classifier, or its configuration cannot be read.</exception>
    /// <exception cref="Compression.CompressionException">It is a package of another version.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">A tensor is missing or damaged; the message names it.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static ClassifierQuality Of(string folder, string data, LabelledSetOptions columns, int threads, CancellationToken cancel = default)
    {
        using var device = new CpuDevice(threads);
        using TrainedClassifier classifier = ModelPackage.OpenClassifier(folder, device);
        LabelledSet set = LabelledSet.Read(data, columns, new LabelVocabulary(classifier.Labels));
        ClassifierResult result = classifier.Measure(
            EncodedExamples.Encode(set, classifier.Tokenizer, classifier.Configuration.MaximumPositions, cancel), cancel);
        return new ClassifierQuality(result.Confusion.Accuracy, result.Loss, result.Confusion.Total);
    }
}
