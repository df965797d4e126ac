using Espalier.Training;
using Espalier.Training.Finetuning;

namespace Espalier.Tests.Training.Finetuning;

public class SettingSummaryTests
{
    [Fact]
    public void Of_SeedsOfTwoSettings_IsMeanAndDeviationOfEach()
    {
        IReadOnlyList<SettingSummary> settings = SettingSummary.Of([Trial(16, 1, 0.7), Trial(32, 1, 0.9), Trial(16, 2, 0.8), Trial(16, 3, 0.6)]);
        Assert.Equal([32, 16], settings.Select(s => s.Batch));
        Assert.Null(settings[0].StandardDeviation);
        Assert.Equal(3, settings[1].Trials);
        Assert.Equal(0.7, settings[1].Mean!.Value, 1e-12);
        Assert.Equal(0.1, settings[1].StandardDeviation!.Value, 1e-12);
        Assert.Equal(0.8, settings[1].Best);
    }

    [Fact]
    public void Of_DivergedTrials_AreCountedAndInNoMean()
    {
        TrialResult[] trials = [Trial(16, 1, 0.5), Trial(16, 2, 0.9, TrainingEnd.Diverged), Trial(32, 1, 0.95, TrainingEnd.Diverged)];
        IReadOnlyList<SettingSummary> settings = SettingSummary.Of(trials);
        Assert.Equal([(2, 1, 0.5), (1, 1, null)], settings.Select(s => (s.Trials, s.Diverged, s.Mean)));
        Assert.Same(trials[0], FinetuningOutcome.BestOf(trials));
        Assert.Same(trials[2], FinetuningOutcome.BestOf(trials[1..]));
    }

    private static TrialResult Trial(int batch, ulong seed, double accuracy, TrainingEnd end = TrainingEnd.Finished) => new(
        0, new TrialSetting(batch, 1e-3, 0.1f, seed), end, new TrialBest(1, 1, accuracy, 1), 1, 1, 1, 1, 1, 1, 1, 1, null);
}
