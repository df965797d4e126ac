using Espalier.Training.Timing;

namespace Espalier.Tests.Training.Timing;

public class StepTimerTests
{
    [Fact]
    public void Result_SlowStart_AveragesAHundredStableSteps()
    {
        var timer = new StepTimer();
        for (int i = 0; i < 30; i++)
        {
            timer.Add(TimeSpan.FromSeconds(10 - (i * 0.3)));
        }

        int more = 0;
        for (; !timer.IsComplete; more++)
        {
            timer.Add(TimeSpan.FromSeconds(more % 2 == 0 ? 0.9 : 1.1));
        }

        StepTiming timing = timer.Result()!;
        Assert.True(timing.Stable);
        Assert.Equal((100, 30 + more - 100), (timing.Steps, timing.Skipped));
        Assert.Equal(1, timing.Mean, 6);
        Assert.Equal(1, timing.Median, 6);
        Assert.Equal(0.1, timing.StandardDeviation, 2);
    }

    [Fact]
    public void Result_JustStable_IsOfTheStepsThatShowedIt()
    {
        var timer = new StepTimer();
        for (int i = 0; i < 21; i++)
        {
            timer.Add(TimeSpan.FromSeconds(i == 20 ? 3 : 2));
            if (i == 19)
            {
                Assert.Equal((10, 2.0, true), (timer.Result()!.Steps, timer.Result()!.Mean, timer.Result()!.Stable));
            }
        }

        Assert.Equal((11, 23 / 11.0), (timer.Result()!.Steps, timer.Result()!.Mean));
    }

    [Fact]
    public void Result_TrainingEndsBefore_SaysHowManyAndThatItIsNotStable()
    {
        var timer = new StepTimer();
        Assert.Null(timer.Result());
        foreach (double seconds in new[] { 9, 1, 3.0 })
        {
            timer.Add(TimeSpan.FromSeconds(seconds));
        }

        Assert.Equal(new StepTiming(2, Math.Sqrt(2), 2, 2, 1, false), timer.Result());
    }
}
