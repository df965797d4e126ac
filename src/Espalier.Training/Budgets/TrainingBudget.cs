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

        Positive("seconds", Time?.TotalSeconds);
        Positive("steps", Steps);
        Positive("tokens", Tokens);
        Positive("epochs", Epochs);
        return faults;

        void Positive(string unit, double? value)
        {
            if (value is not null and not (> 0 and < double.PositiveInfinity))
            {
                faults.Add($"a budget of {value} {unit}; expected more than 0");
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
    /// <param name="usedUp">Those limits.</param>
    public TrainingBudget WithoutUsedUp(in TrainingSpent spent, TimeSpan step, out TrainingBudget usedUp)
    {
        bool time = new TrainingBudget { Time = Time }.IsOver(spent, step), steps = new TrainingBudget { Steps = Steps }.IsOver(spent, step);
        bool tokens = new TrainingBudget { Tokens = Tokens }.IsOver(spent, step), epochs = new TrainingBudget { Epochs = Epochs }.IsOver(spent, step);
        usedUp = new()
        {
            Time = time ? Time : null,
            Steps = steps ? Steps : null,
            Tokens = tokens ? Tokens : null,
            Epochs = epochs ? Epochs : null,
        };
        return new()
        {
            Time = time ? null : Time,
            Steps = steps ? null : Steps,
            Tokens = tokens ? null : Tokens,
            Epochs = epochs ? null : Epochs,
        };
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
