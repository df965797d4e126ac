using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Text.Corpora;

namespace Espalier.Cli.Commands;

/// <summary>What the commands about data have in common.</summary>
internal static class DataOptions
{
    public static readonly Option<DocumentLayout> Layout = new("--layout")
    {
        Description = "What a document is: a line, or a paragraph (blank lines separate them)",
        DefaultValueFactory = _ => DocumentLayout.Line,
    };
}

/// <summary>Shows the progress of work that has one phase, or one at a time.</summary>
internal sealed class PhaseProgress(IProgress<WorkDone> display, string phase) : IProgress<double>
{
    public void Report(double value) => display.Report(new WorkDone(phase, value));
}
