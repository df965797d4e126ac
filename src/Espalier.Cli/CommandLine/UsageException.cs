namespace Espalier.Cli.CommandLine;

/// <summary>The command line asks for something that cannot be meant; ends the process with <see cref="ExitCode.WrongUsage"/>.</summary>
internal sealed class UsageException(string message) : Exception(message);
