using System.Text;
using System.Threading.Channels;
using Espalier.Text.Files;

namespace Espalier.Cli.CommandLine;

/// <summary>
/// Lines that come from a stream, read ahead on a thread of their own: who works on many at once gets those that are there, and whoever
/// waits for the answer to one line has it before the next is sent.
/// </summary>
internal sealed class LinesAhead
{
    // A file never pauses so long, and nobody who types notices it.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly TextDefects _defects = new();
    private readonly Channel<string> _lines;
    private readonly int _most;

    /// <summary>Begins to read.</summary>
    /// <param name="input">The text; lines end with a line feed, and one too long for the reader loses its end.</param>
    /// <param name="name">What it is called in messages.</param>
    /// <param name="most">Most lines that are given at once.</param>
    public LinesAhead(Stream input, string name, int most)
    {
        (_most, _lines) = (most, Channel.CreateBounded<string>(most));
        new Thread(() => Read(input, name)) { IsBackground = true, Name = name }.Start();
    }

    /// <summary>What was odd in the text; once all of it is read.</summary>
    public IReadOnlyList<Warning> Warnings => _defects.Warnings;

    /// <summary>The next lines: all that come until there are enough or the input pauses. None at its end.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="Text.TextException">The text is UTF-16.</exception>
    /// <exception cref="IOException">It cannot be read on.</exception>
    public IReadOnlyList<string> Next(CancellationToken cancel)
    {
        List<string> lines = [];
        bool more = _lines.Reader.WaitToReadAsync(cancel).AsTask().GetAwaiter().GetResult();
        while (more)
        {
            while (lines.Count < _most && _lines.Reader.TryRead(out string? line))
                lines.Add(line);
            // What goes wrong now is told when the lines before it are done with.
            Task<bool> next = _lines.Reader.WaitToReadAsync(cancel).AsTask();
            more = lines.Count < _most && Task.WaitAny([next], Pause) == 0 && next is { IsCompletedSuccessfully: true, Result: true };
        }
        return lines;
    }

    private void Read(Stream input, string name)
    {
        try
        {
            using var reader = new LineReader(input, name, _defects);
            while (reader.Next())
            {
                if (reader.StartsLine)
                    _lines.Writer.WriteAsync(Encoding.UTF8.GetString(reader.Segment)).AsTask().GetAwaiter().GetResult();
            }
            _lines.Writer.Complete();
        }
        catch (Exception e)
        {
            _lines.Writer.Complete(e);
        }
    }
}
