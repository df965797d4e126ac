using Espalier.Training.Budgets;

namespace Espalier.Tests.Training.Budgets;

public class LearningRateScheduleTests
{
    [Theory]
    [InlineData(LearningRateDecay.Linear, 0.05, 0.5)]
    [InlineData(LearningRateDecay.Linear, 0.1, 1)]
    [InlineData(LearningRateDecay.Linear, 0.55, 0.5)]
    [InlineData(LearningRateDecay.Linear, 1, 0)]
    [InlineData(LearningRateDecay.Cosine, 0.55, 0.5)]
    [InlineData(LearningRateDecay.Cosine, 1, 0)]
    [InlineData(LearningRateDecay.Constant, 1, 1)]
    [InlineData(LearningRateDecay.InverseSquareRoot, 0.05, 0.5)]
    [InlineData(LearningRateDecay.InverseSquareRoot, 0.4, 0.5)]
    public void Rate_WarmupOverATenth_FollowsTheFormula(LearningRateDecay decay, double fraction, double expected)
        => Assert.Equal(2 * expected, new LearningRateSchedule { Peak = 2, Decay = decay, WarmupFraction = 0.1 }.Rate(fraction, 7), 12);

    [Fact]
    public void Rate_WarmupInSteps_IsVaswanisFormula()
    {
        // lrate ∝ min(step^-0.5, step · warmup^-1.5), steps counted from 1 (Vaswani et al. 2017, eq. 3)
        var schedule = new LearningRateSchedule { Peak = 1, Decay = LearningRateDecay.InverseSquareRoot, WarmupSteps = 4000 };
        foreach (int step in new[] { 1, 100, 4000, 4001, 16000 })
        {
            double expected = Math.Min(Math.Pow(step, -0.5), step * Math.Pow(4000, -1.5)) * Math.Sqrt(4000);
            Assert.Equal(expected, schedule.Rate(0.9, step - 1), 12);
        }
    }

    [Fact]
    public void Rate_NoWarmup_BeginsAtThePeak()
        => Assert.Equal(1, new LearningRateSchedule { Peak = 1, WarmupFraction = 0 }.Rate(0, 0));

    [Fact]
    public void Validate_InverseSquareRootWithoutWarmup_IsAFault()
        => Assert.Contains("needs a warm-up", Assert.Single(
            new LearningRateSchedule { Peak = 1, Decay = LearningRateDecay.InverseSquareRoot, WarmupFraction = 0 }.Validate()));

    [Theory]
    [InlineData(LearningRateDecay.Linear)]
    [InlineData(LearningRateDecay.Cosine)]
    public void Rate_WarmupInSteps_ReachesThePeakThenFallsToTheEnd(LearningRateDecay decay)
    {
        var schedule = new LearningRateSchedule { Peak = 1, WarmupSteps = 100, Decay = decay };
        double[] rates = [.. Enumerable.Range(0, 200).Select(step => schedule.Rate((step + 0.5) / 200, step))];
        Assert.Equal(1, rates.Max(), 1e-9);
        Assert.Equal(99, Array.IndexOf(rates, rates.Max()));
        Assert.InRange(rates[^1], 1e-6, 0.02);
    }
}
