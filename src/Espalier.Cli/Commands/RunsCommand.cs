using System.CommandLine;
using Espalier.Cli.CommandLine;
using Espalier.Compression.Analysis;
using Espalier.Pipeline.Grids;
using Espalier.Training.Comparison;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary><c>espalier runs</c>: the runs in a folder, side by side.</summary>
internal sealed class RunsCommand : EspalierCommand
{
    private readonly Argument<string> _folder = new("folder") { Description = "A folder with runs in it, or a run", DefaultValueFactory = _ => "." };

    public RunsCommand(Terminal terminal) : base(terminal, "runs", "List the runs in a folder and compare them") => Arguments.Add(_folder);

    protected override void Execute(ParseResult parsed, CommandContext context)
    {
        List<GridSummary> grids = [];
        List<OtherFolder> others = [];
        int noRuns = 0;
        IReadOnlyList<RunSummary> runs = RunSummary.In(parsed.GetRequiredValue(_folder), (path, why) =>
        {
            if (RunDirectory.IsAt(path))
                Look(path, why, grids, others);
            else
                noRuns++;
        });
        var report = new RunsReport(runs, grids, others, noRuns);
        context.Report(report, CommandJson.Default.RunsReport, report.Write);
    }

    // What training does not know as a run of its own may be a grid.
    private static void Look(string path, string why, List<GridSummary> grids, List<OtherFolder> others)
    {
        try
        {
            if (GridSummary.IsAt(path))
                grids.Add(GridSummary.Of(path));
            else
                others.Add(new OtherFolder(path, why));
        }
        catch (RunException e)
        {
            others.Add(new OtherFolder(path, e.Message));
        }
    }
}

/// <summary>A run that is damaged, or of a kind that is not known.</summary>
internal sealed record OtherFolder(string Path, string Problem);

/// <summary>What <c>runs --json</c> prints.</summary>
/// <param name="Runs">The runs.</param>
/// <param name="Grids">The grids of compression.</param>
/// <param name="Others">Runs that cannot be summed up.</param>
/// <param name="NoRuns">How many folders are no runs.</param>
internal sealed record RunsReport(IReadOnlyList<RunSummary> Runs, IReadOnlyList<GridSummary> Grids, IReadOnlyList<OtherFolder> Others, int NoRuns)
{
    private static readonly string[] Head =
        ["run", "kind", "phase", "layers × hidden", "parameters", "steps", "tokens", "time", "tokens/s", "of peak", "FLOPs", "result"];

    public void Write(TextWriter text)
    {
        List<string[]> rows = [Head];
        rows.AddRange(Runs.Select(run => (string[])
        [
            NameOf(run.Path), run.Kind, run.Trials < run.TrialsOfGrid ? $"{run.Phase}, {run.Trials} of {run.TrialsOfGrid} trials" : run.Phase, $"{run.Layers} × {run.Hidden}", $"{run.Parameters:N0}",
            $"{run.Steps:N0}", $"{run.Tokens:N0}", Quantities.Show(TimeSpan.FromSeconds(run.TrainingSeconds)), $"{run.TokensPerSecond:N0}", $"{run.PeakFraction:P0}",
            $"{run.Flops.Products:0.00e0}", run.Metric == "accuracy" ? $"accuracy {100 * run.Value:F2} %" : run.Metric == null ? "" : $"{run.Metric} {run.Value:F2}" + (run.UnigramPerplexity is { } u ? $" (without context {u:F2})" : ""),
        ]));
        int[] widths = [.. Enumerable.Range(0, Head.Length).Select(column => rows.Max(row => row[column].Length))];
        if (Runs.Count + Grids.Count == 0)
            text.WriteLine("no runs");
        foreach (string[] row in Runs.Count == 0 ? [] : rows)
            text.WriteLine(string.Join("  ", row.Select((cell, i) => i is >= 4 and <= 10 ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]))).TrimEnd());
        foreach (GridSummary grid in Grids)
        {
            string best = grid.BestQuality is { } quality ? $"; best cell {grid.Metric.Show(quality)}, smallest {grid.SmallestBytes:N0} bytes" : "";
            text.WriteLine($"{NameOf(grid.Path)}  compression of {NameOf(grid.Model)}  {grid.Phase}, {grid.Done} of {grid.Cells} cells; uncompressed {grid.Metric.Name()} {grid.Metric.Show(grid.Quality)}{best}");
        }
        foreach (OtherFolder other in Others)
            text.WriteLine($"left out: {other.Problem}");
        if (NoRuns > 0)
            text.WriteLine($"{NoRuns:N0} {(NoRuns == 1 ? "folder is no run" : "folders are no runs")}");
    }

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
