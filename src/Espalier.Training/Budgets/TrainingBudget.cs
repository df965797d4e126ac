using System.Globalization;

namespace Espalier.Training.Budgets;

/// <summary>When training ends: whichever of the given limits is reached first.</summary>
public sealed record TrainingBudget
{
    /// <summary>Time within training steps; evaluation and saving are counted apart.</summary>
    public TimeSpan? Time { get; init; }

    /// <summary>Optimizer steps.</summary>
    public long? Steps { get; init; }

    /// <summary>Tokens that pass through the model.</summary>
    public long? Tokens { get; init; }

    /// <summary>Passes over the data.</summary>
    public double? Epochs { get; init; }

    /// <summary>Everything that is wrong with it; empty when nothing is.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Time == null && Steps == null && Tokens == null && Epochs == null)
        {
            faults.Add("no budget is given; give a time, steps, tokens or epochs, such as --time 30m or --steps 1000");
        }

        Positive(nameof(Time), Time?.TotalSeconds);
        Positive(nameof(Steps), Steps);
        Positive(nameof(Tokens), Tokens);
        Positive(nameof(Epochs), Epochs);
        return faults;

        void Positive(string name, double? value)
        {
            if (value is not null and not (> 0 and < double.PositiveInfinity))
            {
                faults.Add($"budget {name} is {value}; expected more than 0");
            }
        }
    }

    /// <summary>The part of the budget that is used up, from 0 to 1: of the limit that is nearest.</summary>
    public double Fraction(in TrainingSpent spent) => Fraction(spent.Time, spent.Steps, spent.Tokens, spent.Epochs);

    /// <summary>
    /// The same at the middle of the next step, so that a schedule read there begins above zero and ends above zero.
    /// </summary>
    /// <param name="spent">What is used up.</param>
    /// <param name="step">What the next step is expected to take.</param>
    public double FractionAtNextStep(in TrainingSpent spent, in StepCost step) => Fraction(
        spent.Time + (step.Time / 2), spent.Steps + 0.5, spent.Tokens + (step.Tokens / 2), spent.Epochs + (step.Epochs / 2));

    /// <summary>
    /// Whether training is over. A time is over once the next step, as long as <paramref name="step"/>, would overshoot
    /// it by more than it now falls short, so that the end is within half a step of the budget.
    /// </summary>
    public bool IsOver(in TrainingSpent spent, TimeSpan step)
        => spent.Time + (step / 2) >= Time || spent.Steps >= Steps || spent.Tokens >= Tokens || spent.Epochs >= Epochs - 1e-9;

    /// <summary>
    /// This budget and as much more as <paramref name="more"/> says, limit by limit. One that is not limited here begins at what was
    /// spent, and so does one that training was far from when it ended by another.
    /// </summary>
    public TrainingBudget Extend(TrainingBudget more, in TrainingSpent spent)
    {
        bool over = IsOver(spent, TimeSpan.Zero);
        return new()
        {
            Time = more.Time is { } time ? From(Time, spent.Time, over) + time : Time,
            Steps = more.Steps is { } steps ? From(Steps, spent.Steps, over) + steps : Steps,
            Tokens = more.Tokens is { } tokens ? From(Tokens, spent.Tokens, over) + tokens : Tokens,
            Epochs = more.Epochs is { } epochs ? From(Epochs, spent.Epochs, over) + epochs : Epochs,
        };

        static T From<T>(T? limit, T used, bool over)
            where T : struct, IComparable<T>
            => limit is { } l && !(over && used.CompareTo(l) < 0) ? l : used;
    }

    /// <summary>What was spent, where a time that training ended by counts as used up whole, though the last step ended within half a
    /// step of it.</summary>
    /// <param name="spent">What is used up.</param>
    /// <param name="step">The time of a step.</param>
    internal TrainingSpent Whole(in TrainingSpent spent, TimeSpan step)
        => Time is { } time && spent.Time < time && new TrainingBudget { Time = time }.IsOver(spent, step) ? spent with { Time = time } : spent;

    /// <summary>
    /// This budget without the limits that are used up: a run that ended by one of them and is given more of another goes on.
    /// </summary>
    /// <param name="spent">What is used up.</param>
    /// <param name="step">The time of a step.</param>
    /// <param name="usedUp">Those limits in words.</param>
    public TrainingBudget WithoutUsedUp(in TrainingSpent spent, TimeSpan step, out IReadOnlyList<string> usedUp)
    {
        List<string> gone = [];
        TrainingSpent all = spent;
        TrainingBudget left = new()
        {
            Time = Left(Time, new() { Time = Time }, string.Create(CultureInfo.InvariantCulture, $"a time of {Time?.TotalSeconds} s")),
            Steps = Left(Steps, new() { Steps = Steps }, $"{Steps} steps"),
            Tokens = Left(Tokens, new() { Tokens = Tokens }, $"{Tokens} tokens"),
            Epochs = Left(Epochs, new() { Epochs = Epochs }, $"{Epochs} epochs"),
        };
        usedUp = gone;
        return left;

        T? Left<T>(T? limit, TrainingBudget alone, string words)
            where T : struct
        {
            if (limit == null || !alone.IsOver(all, step))
            {
                return limit;
            }

            gone.Add(words);
            return null;
        }
    }

    private double Fraction(TimeSpan time, double steps, double tokens, double epochs)
    {
        double fraction = 0;
        Count(time.TotalSeconds, Time?.TotalSeconds);
        Count(steps, Steps);
        Count(tokens, Tokens);
        Count(epochs, Epochs);
        return Math.Min(1, fraction);

        void Count(double used, double? limit)
        {
            if (limit is { } l)
            {
                fraction = Math.Max(fraction, used / l);
            }
        }
    }
}
