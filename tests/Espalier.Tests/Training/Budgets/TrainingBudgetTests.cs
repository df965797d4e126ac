using Espalier.Training.Budgets;

namespace Espalier.Tests.Training.Budgets;

public class TrainingBudgetTests
{
    private static readonly TrainingSpent Spent = new(TimeSpan.FromSeconds(30), 50, 9000, 0.25);

    [Fact]
    public void Fraction_SeveralLimits_IsOfTheNearest()
    {
        var budget = new TrainingBudget { Time = TimeSpan.FromMinutes(1), Steps = 200, Tokens = 10_000, Epochs = 1 };
        Assert.Equal(0.9, budget.Fraction(Spent));
        Assert.Equal(0.5, (budget with { Tokens = null }).Fraction(Spent));
        Assert.Equal(1, new TrainingBudget { Steps = 10 }.Fraction(Spent));
    }

    [Theory]
    [InlineData(34, true)]   // 4 s are missing, a step takes 10: stopping is nearer than going on
    [InlineData(36, false)]
    public void IsOver_Time_EndsWithinHalfAStep(int limit, bool over)
        => Assert.Equal(over, new TrainingBudget { Time = TimeSpan.FromSeconds(limit) }.IsOver(Spent, TimeSpan.FromSeconds(10)));

    [Fact]
    public void IsOver_EpochsThatDoNotAddUpExactly_EndsAtTheWholeNumber()
        => Assert.True(new TrainingBudget { Epochs = 3 }.IsOver(Spent with { Epochs = 2.9999999999999996 }, TimeSpan.Zero));

    [Fact]
    public void Extend_LimitThatWasNotThere_BeginsAtWhatIsSpent()
    {
        TrainingBudget extended = new TrainingBudget { Steps = 50 }.Extend(new TrainingBudget { Steps = 10, Tokens = 500 }, Spent);
        Assert.Equal(new TrainingBudget { Steps = 60, Tokens = 9500 }, extended);
    }

    [Fact]
    public void Extend_EndedByAnotherLimit_BeginsAtWhatIsSpent()
    {
        var budget = new TrainingBudget { Time = TimeSpan.FromSeconds(30), Steps = 1_000_000 };
        Assert.Equal(budget with { Steps = 150 }, budget.Extend(new TrainingBudget { Steps = 100 }, Spent));
        Assert.Equal(budget with { Time = TimeSpan.FromSeconds(40) }, budget.Extend(new TrainingBudget { Time = TimeSpan.FromSeconds(10) }, Spent));

        // It was interrupted: more is more than it was promised.
        budget = budget with { Time = TimeSpan.FromSeconds(60) };
        Assert.Equal(budget with { Steps = 1_000_100 }, budget.Extend(new TrainingBudget { Steps = 100 }, Spent));
    }

    [Fact]
    public void FractionAtNextStep_EveryMeasure_IsHalfAStepOn()
    {
        var step = new StepCost(TimeSpan.FromSeconds(2), 100, 0.1);
        Assert.Equal(1 / 60.0, new TrainingBudget { Time = TimeSpan.FromMinutes(1) }.FractionAtNextStep(default, step), 1e-12);
        Assert.Equal(0.5 / 200, new TrainingBudget { Steps = 200 }.FractionAtNextStep(default, step), 1e-12);
        Assert.Equal(9050 / 10_000.0, new TrainingBudget { Tokens = 10_000 }.FractionAtNextStep(Spent, step), 1e-12);
        Assert.Equal(0.30, new TrainingBudget { Epochs = 1 }.FractionAtNextStep(Spent, step), 1e-12);
    }

    [Fact]
    public void WithoutUsedUp_LimitsOfSeveralMeasures_LeavesThoseThatAreOpen()
    {
        // The time ended within half a step of its limit.
        var budget = new TrainingBudget { Time = TimeSpan.FromSeconds(31), Steps = 50, Tokens = 9001, Epochs = 0.25 };
        Assert.Equal(new TrainingBudget { Tokens = 9001 }, budget.WithoutUsedUp(Spent, TimeSpan.FromSeconds(4), out TrainingBudget usedUp));
        Assert.Equal(budget with { Tokens = null }, usedUp);
    }

    [Fact]
    public void Validate_EveryFault_IsListed()
    {
        Assert.Contains("no budget is given", Assert.Single(new TrainingBudget().Validate()));
        Assert.Equal(4, new TrainingBudget { Time = TimeSpan.Zero, Steps = -1, Tokens = 0, Epochs = double.NaN }.Validate().Count);
    }
}
