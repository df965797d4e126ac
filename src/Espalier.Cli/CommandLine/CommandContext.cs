using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Cli.CommandLine;

/// <summary>What a running command has at hand.</summary>
/// <param name="terminal">Input and output.</param>
/// <param name="json">Whether the result is wanted as one JSON document.</param>
/// <param name="saves">Whether the command saves when it is stopped.</param>
/// <param name="cancel">Set when the user interrupts.</param>
internal sealed class CommandContext(Terminal terminal, bool json, bool saves, CancellationToken cancel)
{
    private volatile bool _opening;

    /// <summary>Input and output.</summary>
    public Terminal Terminal => terminal;

    /// <summary>Whether the result is wanted as one JSON document.</summary>
    public bool Json => json;

    /// <summary>Set when the user interrupts.</summary>
    public CancellationToken Cancel => cancel;

    /// <summary>What there is to say to who has interrupted and now waits; null before, and where the command ends at once.</summary>
    public string? Stopping => !saves || !cancel.IsCancellationRequested ? null : _opening ? "stopping: wait" : "stopping: saving, wait";

    /// <summary>Prints the result on standard output: as a JSON document if asked for, else as text.</summary>
    public void Report<T>(T result, JsonTypeInfo<T> type, Action<TextWriter> asText)
    {
        using var writer = new StreamWriter(terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        if (json)
            writer.WriteLine(JsonSerializer.Serialize(result, type));
        else
            asText(writer);
    }

    /// <summary>Tells of something that did not stop the work.</summary>
    public void Warn(string message) => terminal.Error.WriteLine($"warning: {message}");

    /// <summary>Does work that may take longer than a second, and shows how far it is.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="work">Does it.</param>
    /// <param name="announcement">What is said of it first; the title when null.</param>
    public T Track<T>(string title, Func<IProgress<WorkDone>, T> work, string? announcement = null)
        => new ProgressDisplay(this, title, announcement).Run(work);

    /// <summary>Like <see cref="Track{T}"/>, for what makes a run: who interrupts it has nothing to go on with.</summary>
    public T Begin<T>(string title, Func<IProgress<WorkDone>, T> work, string? announcement = null)
        => Open(title, work, announcement, "the run had not begun: nothing was saved, and there is nothing to resume");

    /// <summary>Like <see cref="Track{T}"/>, for what opens a run to go on with it: who interrupts it has it as it was.</summary>
    public T Resume<T>(string title, Func<IProgress<WorkDone>, T> work)
        => Open(title, work, announcement: null, "the run had not gone on yet: it is as it was");

    /// <summary>
    /// Like <see cref="Track{T}"/>, for work that writes to standard output as it goes: where that is a screen, what is written shows
    /// the progress, and a bar would stand in its way.
    /// </summary>
    public void TrackWriting(string title, Action<IProgress<WorkDone>> work)
    {
        if (ReferenceEquals(terminal.Error, Console.Error) && !Console.IsOutputRedirected)
            work(new Progress<WorkDone>());
        else
            Track<object?>(title, progress =>
            {
                work(progress);
                return null;
            });
    }

    private T Open<T>(string title, Func<IProgress<WorkDone>, T> work, string? announcement, string whenInterrupted)
    {
        _opening = true;
        try
        {
            return Track(title, work, announcement);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            terminal.Error.WriteLine(whenInterrupted);
            throw;
        }
        finally
        {
            _opening = false;
        }
    }
}
