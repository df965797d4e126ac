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
internal static class ProgressDisplay
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);

    public static T Run<T>(TextWriter error, string title, Func<IProgress<WorkDone>, T> work)
    {
        var latest = new Latest();
        Task<T> running = Task.Run(() => work(latest));
        if (!Ended(running, Patience))
        {
            if (ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected)
                ShowBar(running, latest, title);
            else
                ShowLines(running, latest, title, error);
        }
        return running.GetAwaiter().GetResult();
    }

    private static void ShowBar(Task running, Latest latest, string title)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(display =>
            {
                string? phase = null;
                ProgressTask? bar = null;
                while (!Ended(running, TimeSpan.FromMilliseconds(100)))
                {
                    WorkDone done = latest.Value;
                    if (bar is null || done.Phase != phase)
                    {
                        bar?.StopTask();
                        phase = done.Phase;
                        bar = display.AddTask(Markup.Escape($"{title}: {phase}"), maxValue: 1);
                    }
                    bar.Value = done.Fraction;
                }
            });
    }

    private static void ShowLines(Task running, Latest latest, string title, TextWriter error)
    {
        do
        {
            WorkDone done = latest.Value;
            error.WriteLine($"{title}: {done.Phase} {done.Fraction:P0}");
        }
        while (!Ended(running, LineEvery));
    }

    private static bool Ended(Task task, TimeSpan within) => Task.WaitAny([task], within) == 0;

    private sealed class Latest : IProgress<WorkDone>
    {
        private readonly Lock _gate = new();
        private WorkDone _value = new("starting", 0);

        public WorkDone Value
        {
            get
            {
                lock (_gate)
                    return _value;
            }
        }

        public void Report(WorkDone value)
        {
            lock (_gate)
                _value = value;
        }
    }
}
