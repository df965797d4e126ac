using Espalier.Training.Budgets;

namespace Espalier.Tests.Training.Budgets;

public class BudgetWordsTests
{
    [Theory]
    [InlineData(0, "0.0s")]
    [InlineData(0.004, "4ms")]
    [InlineData(9.96, "10.0s")]
    [InlineData(15.3, "15s")]
    [InlineData(65, "1m05s")]
    [InlineData(5400, "1h30m")]
    [InlineData(200_000, "2.3 days")]
    public void Of_Time_IsWrittenAsOneTypesIt(double seconds, string words) => Assert.Equal(words, BudgetWords.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void More_SeveralLimits_IsInTheirOwnMeasures()
    {
        var budget = new TrainingBudget { Tokens = 1_000_000, Epochs = 0.5 };
        Assert.Equal("1,000,000 tokens, 0.5 epochs", BudgetWords.Of(budget));
        Assert.Equal("--tokens +10M or --epochs +1", BudgetWords.More(budget));
        Assert.Equal("7 steps, 900 tokens, 0.25 epochs in 3.0s", BudgetWords.Spent(new TrainingSpent(TimeSpan.FromSeconds(3), 7, 900, 0.25), budget));
    }
}
