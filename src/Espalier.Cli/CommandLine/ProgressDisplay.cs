using Spectre.Console;

namespace Espalier.Cli.CommandLine;

/// <summary>How far some work is.</summary>
/// <param name="Phase">What is being done now.</param>
/// <param name="Fraction">The part of this phase that is done, from 0 to 1.</param>
internal readonly record struct WorkDone(string Phase, double Fraction);

/// <summary>
/// Shows progress once the work has lasted a second: a bar with the time left on a terminal, else a plain line every few
/// seconds. The display polls the work, so the work never waits for it.
/// </summary>
/// <param name="context">Where it is shown, and whether the user has interrupted.</param>
/// <param name="title">What is being done.</param>
/// <param name="announcement">What is said of it first; the title when null.</param>
internal sealed class ProgressDisplay(CommandContext context, string title, string? announcement) : IProgress<WorkDone>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private WorkDone? _latest;

    /// <summary>Does the work, and shows how far it is until it ends.</summary>
    public T Run<T>(Func<IProgress<WorkDone>, T> work)
    {
        Task<T> running = Task.Run(() => work(this));
        if (!Ended(running, Patience))
        {
            if (ReferenceEquals(context.Terminal.Error, Console.Error) && !Console.IsErrorRedirected)
                ShowBar(running);
            else
                ShowLines(running);
        }
        return running.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Report(WorkDone value)
    {
        lock (_gate)
            _latest = value;
    }

    private WorkDone? Latest
    {
        get
        {
            lock (_gate)
                return _latest;
        }
    }

    private void ShowBar(Task running)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (announcement != null)
            console.WriteLine(announcement);
        console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(display =>
            {
                string? shown = null;
                ProgressTask? bar = null;
                while (!Ended(running, TimeSpan.FromMilliseconds(100)))
                {
                    WorkDone? done = Latest;
                    string now = context.Stopping ?? (done is { } d ? $"{title}: {d.Phase}" : title);
                    if (bar is null || now != shown)
                    {
                        bar?.StopTask();
                        shown = now;
                        bar = display.AddTask(Markup.Escape(now), maxValue: 1);
                    }
                    bar.Value = done?.Fraction ?? 0;
                }
            });
    }

    private void ShowLines(Task running)
    {
        var lines = new PlainLines(context.Terminal.Error);
        if (announcement != null)
            lines.Write(announcement);
        do
        {
            if (Latest is { } done)
                lines.Write($"{title}: {done.Phase} {done.Fraction:P0}");
            else if (announcement == null)
                lines.Write(title);
        }
        while (!Ended(running, LineEvery));
    }

    private static bool Ended(Task task, TimeSpan within) => Task.WaitAny([task], within) == 0;
}
