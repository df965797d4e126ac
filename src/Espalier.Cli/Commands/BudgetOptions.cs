using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Training.Budgets;
using Espalier.Training.Timing;

namespace Espalier.Cli.Commands;

/// <summary>The options that say when training ends. When a run is resumed, a value with a plus is added to the old one.</summary>
/// <param name="time">What <c>--time</c> is.</param>
/// <param name="epochs">What <c>--epochs</c> is.</param>
/// <param name="steps">What <c>--steps</c> is.</param>
internal sealed class BudgetOptions(
    string time = "Time of the training steps alone, such as 30m (measuring before the start, evaluating and saving come on top); with --resume, +30m adds to it. The first of --time, --steps, --tokens and --epochs to be reached ends the run; one is needed",
    string epochs = "Passes over the data",
    string steps = "Optimizer steps, such as 5000; with --resume, +1000 adds to them")
{
    private readonly Option<string?> _time = New("--time", time, text => Quantities.Time(text));
    private readonly Option<string?> _steps = New("--steps", steps, text => Quantities.Whole(text));
    private readonly Option<string?> _tokens = New("--tokens", "Tokens that pass through the model, such as 10M", text => Quantities.Whole(text));
    private readonly Option<string?> _epochs = New("--epochs", epochs, text => Quantities.Number(text));

    /// <summary>All of them, the time first.</summary>
    public IEnumerable<Option> All => [_time, _steps, _tokens, _epochs];

    /// <summary>The budget of a new run.</summary>
    /// <exception cref="UsageException">A value means nothing, or has a plus.</exception>
    public TrainingBudget Read(ParseResult parsed) =>
        Read(parsed, added: true) == new TrainingBudget()
            ? Read(parsed, added: false)
            : throw new UsageException("a budget with a plus is for a run that is resumed; leave the plus out");

    /// <summary>What becomes of the budget of a run that is resumed; null when it stays.</summary>
    /// <exception cref="UsageException">A value means nothing.</exception>
    public Func<TrainingBudget, TrainingSpent, TrainingBudget>? ReadChange(ParseResult parsed)
    {
        TrainingBudget added = Read(parsed, added: true), replaced = Read(parsed, added: false);
        return added == new TrainingBudget() && replaced == added ? null : (old, spent) => new TrainingBudget
        {
            Time = replaced.Time ?? old.Time,
            Steps = replaced.Steps ?? old.Steps,
            Tokens = replaced.Tokens ?? old.Tokens,
            Epochs = replaced.Epochs ?? old.Epochs,
        }.Extend(added, spent);
    }

    /// <summary>Says that the measuring before the start begins, and what it takes.</summary>
    /// <param name="time">The time of the budget; null where it has none.</param>
    public static string Measuring(TimeSpan? time)
        => $"measuring micro-batch and step: about {Quantities.Show(TimeEstimate.Measuring(time))}{(time == null ? "" : ", which --time does not count")}";

    private static Option<string?> New(string name, string description, Action<string> read) =>
        new Option<string?>(name) { Description = description }.ExpectReadable(text => read(text.TrimStart('+')));

    private TrainingBudget Read(ParseResult parsed, bool added)
    {
        return new TrainingBudget
        {
            Time = Text(_time) is { } time ? Quantities.Time(time) : null,
            Steps = Text(_steps) is { } steps ? Quantities.Whole(steps) : null,
            Tokens = Text(_tokens) is { } tokens ? Quantities.Whole(tokens) : null,
            Epochs = Text(_epochs) is { } epochs ? Quantities.Number(epochs) : null,
        };

        string? Text(Option<string?> option) =>
            parsed.GetValue(option) is { } text && text.StartsWith('+') == added ? text.TrimStart('+') : null;
    }
}
