using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Cli.CommandLine;

/// <summary>What a running command has at hand.</summary>
/// <param name="Terminal">Input and output.</param>
/// <param name="Json">Whether the result is wanted as one JSON document.</param>
/// <param name="Cancel">Set when the user interrupts.</param>
internal sealed record CommandContext(Terminal Terminal, bool Json, CancellationToken Cancel)
{
    /// <summary>Prints the result on standard output: as a JSON document if asked for, else as text.</summary>
    public void Report<T>(T result, JsonTypeInfo<T> type, Action<TextWriter> asText)
    {
        using var writer = new StreamWriter(Terminal.Output, new UTF8Encoding(false), leaveOpen: true);
        if (Json)
            writer.WriteLine(JsonSerializer.Serialize(result, type));
        else
            asText(writer);
    }

    /// <summary>Tells of something that did not stop the work.</summary>
    public void Warn(string message) => Terminal.Error.WriteLine($"warning: {message}");

    /// <summary>Does work that may take longer than a second, and shows how far it is.</summary>
    public T Track<T>(string title, Func<IProgress<WorkDone>, T> work) => ProgressDisplay.Run(Terminal.Error, title, work);

    /// <summary>
    /// Like <see cref="Track{T}"/>, for work that writes to standard output as it goes: where that is a screen, what is written shows
    /// the progress, and a bar would stand in its way.
    /// </summary>
    public void TrackWriting(string title, Action<IProgress<WorkDone>> work)
    {
        if (ReferenceEquals(Terminal.Error, Console.Error) && !Console.IsOutputRedirected)
            work(new Progress<WorkDone>());
        else
            Track<object?>(title, progress =>
            {
                work(progress);
                return null;
            });
    }
}
