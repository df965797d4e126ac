using System.CommandLine;
using Espalier.Cli.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier translation</c>: the commands about models that translate.</summary>
internal sealed class TranslationCommand : Command
{
    public TranslationCommand(Terminal terminal) : base("translation", "Train a model that translates, translate with it, and score translations")
    {
        Subcommands.Add(new TranslationTrainCommand(terminal));
        Subcommands.Add(new TranslationTranslateCommand(terminal));
        Subcommands.Add(new TranslationScoreCommand(terminal));
    }
}
