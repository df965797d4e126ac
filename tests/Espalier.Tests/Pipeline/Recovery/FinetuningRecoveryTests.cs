using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Recovery;
using Espalier.Pipeline.Tasks;
using Espalier.Tests.Pipeline.Grids;
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
        using ClassificationTask task = ClassificationTask.Open(grid);
        using IMeasuredModel model = task.Open(task.Folder);
        ModelWeights weights = ModelWeights.Download(model.Weights);
        WeightMasks masks = MagnitudePruning.Prune(weights, 0.1, new PruningSettings());
        var recovery = new FinetuningRecovery(
            task, new RecoverySettings { EnoughQuality = RecoverySettings.NoneIsEnough, LearningRate = 0.5, EvaluationsPerEpoch = 1 }, 1,
            _ => RunDirectory.Create(folder["recovery"], RunDirectory.ReadManifest(grid.Model)));
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
}
