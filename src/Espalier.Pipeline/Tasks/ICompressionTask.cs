using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Measurement;
using Espalier.Training;
using Espalier.Training.Objectives;

namespace Espalier.Pipeline.Tasks;

/// <summary>
/// A trained model with its task, as far as compression must know it: how good a model of its kind is, what it learns by to win back
/// what pruning took, how fast it is, and how it is packaged. All else of pruning, recovery and the grid is the same for every task.
/// </summary>
public interface ICompressionTask : IDisposable
{
    /// <summary>The folder of the model as it was trained.</summary>
    string Folder { get; }

    /// <summary>Where everything runs.</summary>
    CpuDevice Device { get; }

    /// <summary>What quality is measured by.</summary>
    QualityMetric Metric { get; }

    /// <summary>Examples of the development set that it is measured on.</summary>
    int DevelopmentExamples { get; }

    /// <summary>Seconds of a pass over the training set, as training measured it.</summary>
    double EpochSeconds { get; }

    /// <summary>Seconds of measuring a model's quality, about.</summary>
    double EvaluationSeconds { get; }

    /// <summary>Optimizer steps of a pass over the training set, about.</summary>
    double StepsInEpoch { get; }

    /// <summary>How a pruned model is trained on: rate, optimizer, clipping and checkpoints. Its budget, evaluations and seed are the
    /// caller's to replace.</summary>
    TrainerSettings Finetuning { get; }

    /// <summary>Takes out the heads and feed-forward units that are to go, if any; every model but that of <see cref="Folder"/> is
    /// without them.</summary>
    /// <exception cref="CompressionException">A weight is infinite or no number.</exception>
    ModelWeights Shrink(ModelWeights weights);

    /// <summary>An objective over the training set, for a model of the size that <see cref="Shrink"/> gives; its weights are the
    /// caller's to fill in. What it evaluates to is the model's quality.</summary>
    /// <param name="seed">Seed of the order of the data.</param>
    IObjective CreateObjective(ulong seed);

    /// <summary>Writes the files of a package into a folder that is there. It says what activations are to be in the grid's cells.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tensors">The weights, packed, of the size that <see cref="Shrink"/> gives.</param>
    /// <exception cref="IOException">The disk is full or failed.</exception>
    void WritePackage(string folder, IReadOnlyList<PackedTensor> tensors);

    /// <summary>Opens a model or a package of this task; one that is compressed runs on its compressed weights.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="activations">What activations are when they meet a quantized weight.</param>
    /// <exception cref="Training.Runs.RunException">It is no model of this kind.</exception>
    /// <exception cref="CompressionException">It is a package of another version, or damaged.</exception>
    /// <exception cref="Engine.Safetensors.SafetensorsException">A tensor is missing or damaged; the message names it.</exception>
    IMeasuredModel Open(string folder, ActivationPrecision activations = ActivationPrecision.Single);
}

/// <summary>A model that is open to be measured on its task's development set.</summary>
public interface IMeasuredModel : IDisposable
{
    /// <summary>Its weights.</summary>
    ParameterSet Weights { get; }

    /// <summary>How good it is, by the task's metric.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double MeasureQuality(CancellationToken cancel = default);

    /// <summary>How good it is when it is used, where that takes longer than <see cref="MeasureQuality"/>; null where it is the same.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    double? MeasureQualityInUse(CancellationToken cancel = default);

    /// <summary>How fast it is.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    InferenceSpeed MeasureSpeed(CancellationToken cancel = default);
}
