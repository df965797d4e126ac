using System.CommandLine;
using Espalier.Cli.CommandLine;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier data</c>: the commands about data.</summary>
internal sealed class DataCommand : Command
{
    public DataCommand(Terminal terminal) : base("data", "Look at data, and prepare a corpus for training")
    {
        Subcommands.Add(new DataPrepareCommand(terminal));
        Subcommands.Add(new DataInspectCommand(terminal));
        Subcommands.Add(new DataSampleCommand(terminal));
    }
}
