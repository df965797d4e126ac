namespace Espalier.Text;

/// <summary>
/// Text, or a file that describes text, which cannot be used as it is. The message is written for a person: it names the
/// file and line where they are known, says what was wrong and what was expected, and needs no stack trace beside it.
/// </summary>
public class TextException : Exception
{
    /// <summary>Creates the error; its message becomes <c>file:line: problem</c>.</summary>
    /// <param name="problem">What was wrong, what was expected and what to do next.</param>
    /// <param name="file">The file at fault, or null when no file is involved.</param>
    /// <param name="line">The line at fault, counted from 1, or null when it concerns the whole file.</param>
    /// <param name="inner">The error that revealed the fault, if any.</param>
    public TextException(string problem, string? file = null, long? line = null, Exception? inner = null)
        : base((file, line) switch
        {
            (null, _) => problem,
            (_, null) => $"{file}: {problem}",
            _ => $"{file}:{line}: {problem}",
        }, inner)
    {
        File = file;
        Line = line;
    }

    /// <summary>The file at fault, or null.</summary>
    public string? File { get; }

    /// <summary>The line at fault, counted from 1, or null.</summary>
    public long? Line { get; }
}
