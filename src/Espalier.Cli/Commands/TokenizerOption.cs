using System.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary>The option by which a command is told its tokenizer.</summary>
internal static class TokenizerOption
{
    public static readonly Option<string> Instance = new("--tokenizer")
    {
        Description = "tokenizer.json, or a folder with it or with vocab.json and merges.txt",
        Required = true,
    };
}
