using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Pipeline.Reports;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier report</c>: draws a run's report again from its <c>report.json</c>.</summary>
internal sealed class ReportCommand : EspalierCommand
{
    private readonly Argument<string> _folder = new("folder") { Description = "Folder of a run, with its report.json" };

    public ReportCommand(Terminal terminal) : base(terminal, "report", "Draw report.html of a run again from its report.json") => Arguments.Add(_folder);

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        string folder = parsed.GetRequiredValue(_folder), page = Path.Join(folder, ReportPage.Name);
        RunReport report = ReportFile.Read(Path.Join(folder, ReportFile.Name));
        ReportPage.Write(report, page);
        var drawn = new DrawnReport(page, report.Title, report.State);
        context.Report(drawn, CommandJson.Default.DrawnReport, drawn.Write);
    }
}

/// <summary>What <c>report --json</c> prints.</summary>
internal sealed record DrawnReport(string Page, string Title, ReportState State)
{
    public void Write(TextWriter text) => text.WriteLine($"{Page}: {Title}, {State.ToString().ToLowerInvariant()}; open it in a browser");
}
