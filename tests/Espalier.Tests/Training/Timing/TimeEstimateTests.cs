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
}
