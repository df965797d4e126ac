using System.CommandLine;
using Espalier.Cli.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier tokenizer</c>: the commands about tokenizers.</summary>
internal sealed class TokenizerCommand : Command
{
    public TokenizerCommand(Terminal terminal) : base("tokenizer", "Train a byte-level BPE tokenizer, encode and decode with it")
    {
        Subcommands.Add(new TokenizerTrainCommand(terminal));
        Subcommands.Add(new TokenizerEncodeCommand(terminal));
        Subcommands.Add(new TokenizerDecodeCommand(terminal));
    }
}
