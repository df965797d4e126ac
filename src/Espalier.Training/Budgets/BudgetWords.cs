namespace Espalier.Training.Budgets;

/// <summary>Budgets, and what was spent of them, in words.</summary>
public static class BudgetWords
{
    /// <summary>A time as one types it, and short enough for a progress line.</summary>
    public static string Of(TimeSpan time) =>
        time.TotalDays >= 2 ? $"{time.TotalDays:F1} days"
        : time.TotalHours >= 1 ? $"{(int)time.TotalHours}h{time.Minutes:D2}m"
        : time.TotalMinutes >= 1 ? $"{time.Minutes}m{time.Seconds:D2}s"
        : time.TotalSeconds >= 10 ? $"{time.TotalSeconds:F0}s"
        : time.TotalSeconds is >= 0.05 or <= 0 ? $"{time.TotalSeconds:F1}s" : $"{time.TotalMilliseconds:G3}ms";

    /// <summary>The limits of a budget.</summary>
    public static string Of(TrainingBudget budget) => string.Join(", ", new[]
    {
        budget.Time is { } time ? $"a time of {Of(time)}" : null,
        budget.Steps is { } steps ? $"{steps:N0} steps" : null,
        budget.Tokens is { } tokens ? $"{tokens:N0} tokens" : null,
        budget.Epochs is { } epochs ? $"{epochs} epochs" : null,
    }.OfType<string>());

    /// <summary>What was spent: steps and time always, the rest where a budget limits it.</summary>
    internal static string Spent(in TrainingSpent spent, TrainingBudget budget)
        => $"{spent.Steps:N0} steps" + (budget.Tokens == null ? "" : $", {spent.Tokens:N0} tokens")
            + (budget.Epochs == null ? "" : $", {spent.Epochs:0.##} epochs") + $" in {Of(spent.Time)}";

    /// <summary>How to give more of the measures of a budget.</summary>
    internal static string More(TrainingBudget budget) => string.Join(" or ", new[]
    {
        budget.Time == null ? null : "--time +30m",
        budget.Steps == null ? null : "--steps +1000",
        budget.Tokens == null ? null : "--tokens +10M",
        budget.Epochs == null ? null : "--epochs +1",
    }.OfType<string>());
}
