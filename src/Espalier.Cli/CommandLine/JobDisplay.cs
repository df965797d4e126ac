using Espalier.Pipeline.Jobs;
using Spectre.Console;

namespace Espalier.Cli.CommandLine;

/// <summary>
/// Shows how the main job goes: a bar for the whole of it and a line for its phase on a terminal, else a plain line now and then.
/// It polls, so the job never waits for it.
/// </summary>
/// <param name="context">Where it is shown, and whether the user has interrupted.</param>
internal sealed class JobDisplay(CommandContext context) : IProgress<JobProgress>
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(10), Poll = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private JobProgress? _latest;

    /// <summary>Runs the job and shows it until it ends.</summary>
    public T Run<T>(Func<T> work)
    {
        Task<T> running = Task.Run(work);
        if (ReferenceEquals(context.Terminal.Error, Console.Error) && !Console.IsErrorRedirected)
            ShowBars(running);
        else
            ShowLines(running);
        return running.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Report(JobProgress value)
    {
        lock (_gate)
            _latest = value;
    }

    private JobProgress? Latest
    {
        get
        {
            lock (_gate)
                return _latest;
        }
    }

    private void ShowBars(Task running)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(display =>
            {
                ProgressTask whole = display.AddTask("starting", maxValue: 1), part = display.AddTask("", maxValue: 1);
                while (!Ended(running, Poll))
                {
                    if (Latest is not { } now)
                        continue;
                    whole.Value = now.Fraction;
                    whole.Description = Markup.Escape(context.Stopping ?? $"phase {now.Phases.Take((int)now.Phase + 1).Count(JobSchedule.Has)} of {now.Phases.Count(JobSchedule.Has)} · {Quantities.Show(now.Left)} left");
                    part.Value = PhaseFraction(now);
                    part.Description = Markup.Escape(Words(now));
                }
            });
    }

    private void ShowLines(Task running)
    {
        var lines = new PlainLines(context.Terminal.Error);
        while (!Ended(running, LineEvery))
        {
            if (Latest is { } now)
                lines.Write($"{now.Fraction,4:P0} {Words(now)} · {Quantities.Show(now.Left)} left");
        }
    }

    private static string Words(JobProgress now) => now.Phases[(int)now.Phase].Name + (now.Words.Length > 0 ? $": {now.Words}" : "");

    private static double PhaseFraction(JobProgress now)
    {
        double begin = now.Phases.Take((int)now.Phase).Sum(p => p.Seconds ?? 0), end = JobSchedule.EndOf(now.Phases, now.Phase);
        return Math.Clamp((now.Spent.TotalSeconds - begin) / Math.Max(1e-3, end - begin), 0, 1);
    }

    private static bool Ended(Task task, TimeSpan within) => Task.WaitAny([task], within) == 0;
}
