namespace Espalier.Cli.CommandLine;

/// <summary>Progress where there is no terminal: plain lines, of which none repeats the one before, so that each says something new.</summary>
/// <param name="error">Standard error.</param>
internal sealed class PlainLines(TextWriter error)
{
    private string? _last;

    /// <summary>Writes a line unless it is the last one again.</summary>
    public void Write(string line)
    {
        if (line != _last)
            error.WriteLine(_last = line);
    }
}
