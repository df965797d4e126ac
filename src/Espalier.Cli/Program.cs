using Espalier.Cli.CommandLine;

using Stream input = Console.OpenStandardInput();
using Stream output = Console.OpenStandardOutput();
return await new Application(new Terminal(input, output, Console.Error)).RunAsync(args);
