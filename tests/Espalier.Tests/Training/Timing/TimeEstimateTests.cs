using Espalier.Training.Budgets;
using Espalier.Training.Timing;

namespace Espalier.Tests.Training.Timing;

public class TimeEstimateTests
{
    [Fact]
    public void Of_TimeAndEpochs_CountsWhatRemainsOfTheNearest()
    {
        var budget = new TrainingBudget { Time = TimeSpan.FromSeconds(100), Epochs = 2 };
        var spent = new TrainingSpent(TimeSpan.FromSeconds(40), 20, 2000, 1);
        Assert.Equal(new TimeEstimate(TimeSpan.FromSeconds(60), 30, 3000, 0.3, 2), TimeEstimate.Of(budget, spent, 2, 100, 100));
        Assert.Equal(10, TimeEstimate.Of(budget, spent, 2, 100, 10).Steps);
    }

    [Theory]
    [InlineData(5, 1)]
    [InlineData(60, 3)]
    [InlineData(3600, 20)]
    public void TimeToSearch_AnyBudget_IsASmallPartOfIt(int budget, int search)
        => Assert.Equal(TimeSpan.FromSeconds(search), TimeEstimate.Of(
            new TrainingBudget { Time = TimeSpan.FromSeconds(budget) }, default, 0.1, 1, 1).TimeToSearch);
}
