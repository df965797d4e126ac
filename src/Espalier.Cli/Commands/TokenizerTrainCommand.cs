using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Files;
using Espalier.Text.Tokenization;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier tokenizer train</c>: learns a vocabulary from text files.</summary>
internal sealed class TokenizerTrainCommand : EspalierCommand
{
    private readonly Argument<string[]> _files = new("files")
    {
        Description = "Text files, plain or gzip; * and ** match several",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string> _out = new("--out") { Description = "Folder that receives tokenizer.json", Required = true };

    public TokenizerTrainCommand(Terminal terminal) : base(terminal, "train", "Learn a byte-level BPE vocabulary from text files")
    {
        Arguments.Add(_files);
        Options.Add(_out);
    }

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        IReadOnlyList<string> files = FilePatterns.Expand(parsed.GetRequiredValue(_files));
        new BpeTrainer(new BpeTrainerOptions()).TrainFiles(files, context.Cancel).Save(Path.Join(parsed.GetRequiredValue(_out), "tokenizer.json"));
    }
}
