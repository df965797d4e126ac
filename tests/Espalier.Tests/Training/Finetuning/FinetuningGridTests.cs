using Espalier.Training.Finetuning;

namespace Espalier.Tests.Training.Finetuning;

public class FinetuningGridTests
{
    [Fact]
    public void Trials_OfThePapersGrid_AreEachOnceAndEverySettingBeforeAnyIsRepeated()
    {
        var grid = new FinetuningGrid
        {
            Batches = [16, 32, 64],
            LearningRates = [5e-4, 3e-4, 1e-4],
            Dropouts = [0.1f, 0.2f, 0.3f],
            Seeds = [100, 300, 500],
        };
        IReadOnlyList<TrialSetting> trials = grid.Trials();
        Assert.Equal((81, 81), (trials.Count, trials.Distinct().Count()));
        Assert.Equal([100ul, 300ul, 500ul], trials.Chunk(27).Select(part => part.Select(t => t.Seed).Distinct().Single()));
        Assert.True(trials.Take(9).Select(t => t.Batch).Distinct().Count() > 1, "a part of the grid should not be of one batch alone");
        Assert.Equal(trials, grid.Trials());
    }
}
