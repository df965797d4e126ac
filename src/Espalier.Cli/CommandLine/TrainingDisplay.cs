using System.Collections.Concurrent;
using Espalier.Training;
using Espalier.Training.Budgets;
using Espalier.Training.Timing;
using Spectre.Console;

namespace Espalier.Cli.CommandLine;

/// <summary>
/// Shows how training goes: a live line on a terminal, else a plain one every ten seconds. It polls what the trainer last
/// reported, so training never waits for it.
/// </summary>
/// <param name="context">Where it is shown, and whether the user has interrupted.</param>
/// <param name="peak">The machine's rate of plain products.</param>
/// <param name="perplexity">Whether the loss is a language model's, and its exponential means something.</param>
internal sealed class TrainingDisplay(CommandContext context, PeakThroughput peak, bool perplexity = true) : IProgress<TrainingProgress>
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10), Poll = TimeSpan.FromMilliseconds(250);

    // Rates are smoothed over about this much training, in seconds.
    private const double Memory = 5;

    private readonly bool _terminal = ReferenceEquals(context.Terminal.Error, Console.Error) && !Console.IsErrorRedirected;
    private readonly Lock _gate = new();

    // What the bar would be in the way of.
    private readonly ConcurrentQueue<string> _warnings = new();
    private TrainingProgress _latest;
    private double _tokensPerSecond, _flopsPerSecond;
    private bool _any;
    private string _title = "";

    /// <summary>What stands before the line, where one training follows another.</summary>
    public void Begin(string title)
    {
        lock (_gate)
            (_title, _any, _latest) = (title, false, default);
    }

    /// <summary>Runs training and shows it until it ends.</summary>
    public T Run<T>(Func<T> train)
    {
        Task<T> running = Task.Run(train);
        if (_terminal)
            ShowBar(running);
        else
            ShowLines(running);
        while (_warnings.TryDequeue(out string? warning))
            context.Warn(warning);
        return running.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        if (value.Warning is { } warning)
        {
            if (_terminal)
                _warnings.Enqueue(warning);
            else
                context.Warn(warning);
            return;
        }
        lock (_gate)
        {
            _latest = value;
            double seconds = value.StepTime.TotalSeconds;
            if (seconds <= 0)
                return;
            double weight = _any ? 1 - Math.Exp(-seconds / Memory) : 1;
            _tokensPerSecond += weight * ((value.StepTokens / seconds) - _tokensPerSecond);
            _flopsPerSecond += weight * ((value.StepProductFlops / seconds) - _flopsPerSecond);
            _any = true;
        }
    }

    private (string Line, double Fraction) Now()
    {
        lock (_gate)
        {
            string phase = _latest.Phase switch
            {
                TrainingPhase.Evaluation => "evaluating · ",
                TrainingPhase.Saving => "saving · ",
                _ => "",
            };
            if (!_any)
                return (_title + (phase.Length > 0 ? phase.TrimEnd(' ', '·') : "starting"), 0);
            string left = _latest.Remaining is { } time ? $" · {Quantities.Show(time)} left" : "";
            string heldOut = _latest.Evaluation is { } e ? $" · held-out {e.Metric} {e.Value:F4}" : "";
            string exponential = perplexity ? $" · perplexity {Math.Exp(_latest.Loss):F1}" : "";
            // Above the peak: it was measured while others had the processor, and the fraction says nothing.
            double ofPeak = _flopsPerSecond / peak.Flops;
            string fraction = ofPeak <= 1 ? $" · {ofPeak:P0} of peak" : "";
            return ($"{_title}{phase}step {_latest.State.Step:N0} · loss {_latest.Loss:F3}{exponential}{heldOut} · "
                + $"{_tokensPerSecond:N0} tokens/s{fraction}{left}", _latest.Fraction);
        }
    }

    private void ShowBar(Task running)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(display =>
            {
                ProgressTask bar = display.AddTask("starting", maxValue: 1);
                while (!Ended(running, Poll))
                {
                    while (_warnings.TryDequeue(out string? warning))
                        console.WriteLine($"warning: {warning}");
                    (string line, bar.Value) = Now();
                    bar.Description = Markup.Escape(context.Stopping ?? line);
                }
            });
    }

    private void ShowLines(Task running)
    {
        var lines = new PlainLines(context.Terminal.Error);
        while (!Ended(running, LineEvery))
        {
            (string line, double fraction) = Now();
            lines.Write($"{fraction,4:P0} {line}");
        }
    }

    private static bool Ended(Task task, TimeSpan within) => Task.WaitAny([task], within) == 0;
}
