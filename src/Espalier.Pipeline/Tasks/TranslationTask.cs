using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Models;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Text.Bitext;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;
using Espalier.Training.Translation;

namespace Espalier.Pipeline.Tasks;

/// <summary>
/// To translate: BLEU of greedy translations of the run's development set (of <see cref="TranslationData.MostDevelopment"/> of it at
/// most), and finetuning on the run's parallel training data with its batches, optimizer and label smoothing.
/// </summary>
public sealed class TranslationTask : ICompressionTask
{
    /// <summary>Hypotheses of a sentence when a model is used.</summary>
    public const int BeamInUse = 4;

    private readonly TranslationModel _model;
    private readonly GridConfiguration _grid;
    private readonly EncoderDecoderConfiguration _configuration;

    private TranslationTask(TranslationModel model, GridConfiguration grid)
        => (_model, _grid, _configuration) = (model, grid, StructuredPruning.Shrink(model.Configuration, grid.Heads, grid.FeedForward));

    /// <inheritdoc/>
    public string Folder => _model.Folder;

    /// <inheritdoc/>
    public CpuDevice Device => _model.Device;

    /// <inheritdoc/>
    public QualityMetric Metric => QualityMetric.Bleu;

    /// <inheritdoc/>
    public int DevelopmentExamples => _model.Development.Sources.Count;

    /// <inheritdoc/>
    public double EpochSeconds => _model.EpochSeconds;

    /// <inheritdoc/>
    public double EvaluationSeconds => _model.EvaluationSeconds;

    /// <inheritdoc/>
    public double StepsInEpoch => Math.Ceiling(_model.Record.TrainTokens / (double)_model.Record.Configuration.BatchTokens);

    /// <inheritdoc/>
    /// <remarks>The rate falls in a straight line, as in every finetuning: the schedule of a long training would hardly leave its warm-up
    /// within an epoch.</remarks>
    public TrainerSettings Finetuning
    {
        get
        {
            TrainerSettings training = _model.Record.Configuration.Training;
            return training with
            {
                Schedule = new LearningRateSchedule { Peak = training.Schedule.Peak },
                Checkpoints = new CheckpointPolicy { Every = training.Checkpoints.Every },
            };
        }
    }

    /// <summary>Opens the model of a translation run, with its data.</summary>
    /// <param name="configuration">The run, the threads, and the heads and feed-forward units that stay.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="moved">Changes the paths of the run's data to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">It is no translation run, has no model yet, or its data is not what it was.</exception>
    /// <exception cref="CompressionException">The model has fewer heads or feed-forward units than are to stay.</exception>
    /// <exception cref="Text.TextException">The data or the tokenizer cannot be read.</exception>
    public static TranslationTask Open(
        GridConfiguration configuration, CancellationToken cancel = default, Func<ParallelCorpus, ParallelCorpus>? moved = null)
    {
        using var opened = new Opened();
        TranslationModel model = opened.Add(TranslationModel.Open(configuration.Model, configuration.Threads, cancel, moved));
        return opened.HandOver(new TranslationTask(model, configuration));
    }

    /// <inheritdoc/>
    public ModelWeights Shrink(ModelWeights weights)
        => StructuredPruning.Shrink(weights, _model.Configuration, _grid.Heads, _grid.FeedForward).Weights;

    /// <inheritdoc/>
    public IObjective CreateObjective(ulong seed) => _model.CreateObjective(_configuration, seed);

    /// <inheritdoc/>
    public void WritePackage(string folder, IReadOnlyList<PackedTensor> tensors)
        => TranslationPackage.Write(folder, tensors, _configuration, _model.Tokenizer, _grid.Activations);

    /// <inheritdoc/>
    public IMeasuredModel Open(string folder, ActivationPrecision activations = ActivationPrecision.Single)
        => new Measured(TranslationPackage.Open(folder, Device, _model.Development, activations), DevelopmentExamples);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private sealed class Measured(TrainedTranslator translator, int sentences) : IMeasuredModel
    {
        public ParameterSet Weights => translator.Weights;

        public double MeasureQuality(CancellationToken cancel) => translator.Bleu(beam: 1, cancel);

        public double? MeasureQualityInUse(CancellationToken cancel) => translator.Bleu(BeamInUse, cancel);

        public InferenceSpeed MeasureSpeed(CancellationToken cancel) => InferenceSpeed.Measure(translator, sentences, cancel);

        public void Dispose() => translator.Dispose();
    }
}
