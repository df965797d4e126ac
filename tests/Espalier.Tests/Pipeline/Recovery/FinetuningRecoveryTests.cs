using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Devices;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Recovery;
using Espalier.Pipeline.Tasks;
using Espalier.Tests.Pipeline.Grids;
using Espalier.Text.Batching;
using Espalier.Training;
using Espalier.Training.Objectives;
using Espalier.Training.Runs;

namespace Espalier.Tests.Pipeline.Recovery;

[Collection(TrainedTranslationCollection.Name)]
public class FinetuningRecoveryTests(TrainedTranslation trained)
{
    [Fact]
    public void Recover_FinetuningThatMakesItWorse_KeepsWhatItBeganWith()
    {
        using var folder = new TemporaryFolder();
        GridConfiguration grid = SmallGrid.Configuration(SmallGrid.Finetune(folder));
        using var task = new Worsening(ClassificationTask.Open(grid));
        using IMeasuredModel model = task.Open(task.Folder);
        ModelWeights weights = ModelWeights.Download(model.Weights);
        WeightMasks masks = MagnitudePruning.Prune(weights, 0.1, new PruningSettings());
        var recovery = new FinetuningRecovery(
            task, new RecoverySettings { EvaluationsPerEpoch = 1 }, 1, _ => RunDirectory.Create(folder["recovery"], RunDirectory.ReadManifest(grid.Model)));
        ModelWeights pruned = masks.Apply(weights);
        RecoveredWeights recovered = recovery.Recover(0.1, pruned, masks, CancellationToken.None);
        Assert.True(recovered.Steps > 0);
        Assert.Equal(recovered.QualityBefore, recovered.Quality);
        Assert.All(recovered.Weights.Tensors, t => Assert.Equal(pruned[t.Name].Values, t.Values));
    }

    [Theory]
    [InlineData(0.995, 0.1, 0)]
    [InlineData(RecoverySettings.NoneIsEnough, 0.1, 1)]
    [InlineData(0.995, 0, 1)]
    [InlineData(0, 0, 0)]
    public void Recover_QualityThatWasLow_EndsAtOnceOnlyWhereWhatIsAskedForIsReached(double enough, double quality, double epochs)
    {
        using var folder = new TemporaryFolder();
        using TranslationTask task = TranslationTask.Open(trained.Grid());
        using IMeasuredModel model = task.Open(task.Folder);
        ModelWeights weights = ModelWeights.Download(model.Weights);
        WeightMasks masks = MagnitudePruning.Prune(weights, 0.3, new PruningSettings());
        var recovery = new FinetuningRecovery(
            task, new RecoverySettings { EnoughQuality = enough, EvaluationsPerEpoch = 1 }, quality,
            _ => RunDirectory.Create(folder["recovery"], RunDirectory.ReadManifest(trained.Run)));
        Assert.Equal(epochs, recovery.Recover(0.3, masks.Apply(weights), masks, CancellationToken.None).Epochs);
    }

    // A task at which a model gets worse from one evaluation to the next.
    private sealed class Worsening(ICompressionTask task) : ICompressionTask
    {
        public string Folder => task.Folder;

        public CpuDevice Device => task.Device;

        public QualityMetric Metric => task.Metric;

        public int DevelopmentExamples => task.DevelopmentExamples;

        public double EpochSeconds => task.EpochSeconds;

        public double EvaluationSeconds => task.EvaluationSeconds;

        public double StepsInEpoch => task.StepsInEpoch;

        public TrainerSettings Finetuning => task.Finetuning;

        public ModelWeights Shrink(ModelWeights weights) => task.Shrink(weights);

        public IObjective CreateObjective(ulong seed) => new Objective(task.CreateObjective(seed));

        public void WritePackage(string folder, IReadOnlyList<PackedTensor> tensors) => task.WritePackage(folder, tensors);

        public IMeasuredModel Open(string folder, ActivationPrecision activations = ActivationPrecision.Single) => task.Open(folder, activations);

        public void Dispose() => task.Dispose();

        private sealed class Objective(IObjective inner) : IObjective
        {
            private double _quality = 0.9;

            public ParameterSet Parameters => inner.Parameters;

            public BatchPosition Position => inner.Position;

            public double Epochs => inner.Epochs;

            public void Seek(BatchPosition position) => inner.Seek(position);

            public StepResult Step(Tape tape, CancellationToken cancel) => inner.Step(tape, cancel);

            public Evaluation? Evaluate(Tape tape, CancellationToken cancel)
                => inner.Evaluate(tape, cancel)! with { Value = (_quality -= 0.1) };

            public void Dispose() => inner.Dispose();
        }
    }
}
