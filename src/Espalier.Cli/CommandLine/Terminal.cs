namespace Espalier.Cli.CommandLine;

/// <summary>Where a command reads and writes: bytes in, bytes out, and everything meant for a person's eyes on the error side.</summary>
/// <param name="Input">Standard input.</param>
/// <param name="Output">Standard output: results and nothing else.</param>
/// <param name="Error">Standard error: progress, warnings and errors.</param>
internal sealed record Terminal(Stream Input, Stream Output, TextWriter Error);
