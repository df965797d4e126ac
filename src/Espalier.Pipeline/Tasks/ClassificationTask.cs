using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Optimizers;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Text.Labelled;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Finetuning;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Tasks;

/// <summary>To classify: accuracy, and finetuning as the best trial of the finetuning run had it.</summary>
public sealed class ClassificationTask : ICompressionTask
{
    private readonly FinetunedModel _model;
    private readonly GridConfiguration _grid;
    private readonly EncoderConfiguration _encoder;

    private ClassificationTask(FinetunedModel model, GridConfiguration grid)
        => (_model, _grid, _encoder) = (model, grid, StructuredPruning.Shrink(model.Configuration, grid.Heads, grid.FeedForward));

    /// <inheritdoc/>
    public string Folder => _model.Folder;

    /// <inheritdoc/>
    public CpuDevice Device => _model.Device;

    /// <inheritdoc/>
    public QualityMetric Metric => QualityMetric.Accuracy;

    /// <inheritdoc/>
    public int DevelopmentExamples => _model.Development.Labels.Count;

    /// <inheritdoc/>
    public double EpochSeconds => _model.Record.EpochSeconds;

    /// <inheritdoc/>
    /// <remarks>A pass without gradients takes a third of one with.</remarks>
    public double EvaluationSeconds
        => EpochSeconds * _model.Development.Sequences.TokenCount / (3.0 * _model.Train.Sequences.TokenCount);

    /// <inheritdoc/>
    public double StepsInEpoch => Math.Ceiling(_model.Train.Sequences.Count / (double)_model.Best.Setting.Batch);

    /// <inheritdoc/>
    public TrainerSettings Finetuning
    {
        get
        {
            FinetuningConfiguration c = _model.Record.Configuration;
            return new TrainerSettings
            {
                Budget = c.Trial,
                Schedule = new LearningRateSchedule { Peak = _model.Best.Setting.LearningRate, WarmupFraction = c.WarmupFraction },
                Optimizer = new AdamWConfiguration { WeightDecay = c.WeightDecay },
                ClipNorm = c.ClipNorm,
                Checkpoints = new CheckpointPolicy { Every = c.Checkpoints },
            };
        }
    }

    /// <summary>Opens the model of a finetuning run, with its data.</summary>
    /// <param name="configuration">The run, the threads, and the heads and feed-forward units that stay.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="moved">Changes the paths in the run's configuration to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">It is no finetuning run, has no model yet, or its data is not what it was.</exception>
    /// <exception cref="CompressionException">The model has fewer heads or feed-forward units than are to stay.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static ClassificationTask Open(
        GridConfiguration configuration, CancellationToken cancel = default, Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
    {
        using var opened = new Opened();
        FinetunedModel model = opened.Add(FinetunedModel.Open(configuration.Model, configuration.Threads, cancel, moved));
        return opened.HandOver(new ClassificationTask(model, configuration));
    }

    /// <inheritdoc/>
    public ModelWeights Shrink(ModelWeights weights)
        => StructuredPruning.Shrink(weights, _model.Configuration, _grid.Heads, _grid.FeedForward).Weights;

    /// <inheritdoc/>
    public IObjective CreateObjective(ulong seed) => _model.CreateObjective(_encoder, seed);

    /// <inheritdoc/>
    public void WritePackage(string folder, IReadOnlyList<PackedTensor> tensors)
        => ModelPackage.Write(folder, tensors, _encoder, _model.Tokenizer, ModelHead.Classifier(_model.Labels), _grid.Activations);

    /// <inheritdoc/>
    public IMeasuredModel Open(string folder, ActivationPrecision activations = ActivationPrecision.Single)
        => new Measured(ModelPackage.OpenClassifier(folder, Device, activations), _model.Development);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private sealed class Measured(TrainedClassifier classifier, EncodedExamples development) : IMeasuredModel
    {
        public ParameterSet Weights => classifier.Weights;

        public double MeasureQuality(CancellationToken cancel) => classifier.Measure(development, cancel).Confusion.Accuracy;

        public double? MeasureQualityInUse(CancellationToken cancel) => null;

        public InferenceSpeed MeasureSpeed(CancellationToken cancel) => InferenceSpeed.Measure(classifier, development, cancel);

        public void Dispose() => classifier.Dispose();
    }
}
