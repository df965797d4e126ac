using System.Globalization;
using Espalier.Cli.CommandLine;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Grids;
using Espalier.Training;

namespace Espalier.Cli.Commands;

/// <summary>What the commands that run a grid have in common: they announce it, show it, and report it.</summary>
internal static class GridCommand
{
    public static void Run(CompressionGrid grid, CommandContext context, string command)
    {
        foreach (string warning in grid.Warnings)
            context.Warn(warning);
        TextWriter error = context.Terminal.Error;
        GridRecord record = grid.Record;
        error.WriteLine($"{grid.Directory.Path}: {grid.Count} cells, {grid.Done} of them done; uncompressed {record.Metric.Name()} {record.Metric.Show(record.Quality)} of {record.DevelopmentExamples:N0} {(record.Metric == QualityMetric.Bleu ? "sentences of the development set, translated greedily" : "examples")}");
        if (grid.LongestFinetuning > TimeSpan.Zero)
            error.WriteLine($"expected: finetuning of at most {Quantities.Show(grid.LongestFinetuning)}, less where {record.Metric.Name()} is back earlier; measuring comes on top");
        DeploymentLimits limits = grid.Record.Limits ?? new DeploymentLimits();
        if (Words(limits) is { Length: > 0 } words)
            error.WriteLine($"chosen within {words}");
        GridReport report;
        try
        {
            context.Track(command, progress => grid.Run(
                new Relay<GridProgress>(p =>
                {
                    if (p.Warning is { } warning)
                        context.Warn(warning);
                    progress.Report(new WorkDone(p.Phase, p.Fraction));
                }),
                context.Cancel));
            GridTable table = grid.Record.Frontier is [var first, var second] ? grid.Table(first, second) : grid.Table();
            foreach (CellResult failed in table.Cells.Where(c => c.Failure != null))
                context.Warn($"{failed.Name} failed: {failed.Failure}");
            report = new GridReport(grid.Directory.Path, table, Choose(grid, limits, context));
        }
        catch (OperationCanceledException)
        {
            error.WriteLine($"saved; go on with: espalier {command} --resume {grid.Directory.Path}");
            throw;
        }
        context.Report(report, CommandJson.Default.GridReport, report.Write);
        if (!report.Choice.Fits)
            throw new CompressionException($"no model of the grid fits: {string.Join("; ", report.Choice.Gives)}. The nearest is in {report.Choice.Model}");
    }

    private static ChoiceReport Choose(CompressionGrid grid, DeploymentLimits limits, CommandContext context)
    {
        ModelChoice<CellResult> choice = grid.Choose(limits);
        return ChoiceReport.Of(choice, grid.Record, grid.Directory.ModelPath) with
        {
            QualityInUse = context.Track("measuring the chosen model", _ => grid.MeasureChosen(context.Cancel)),
        };
    }

    // As they are given, so that whoever wants another sees how.
    private static string Words(DeploymentLimits limits) => string.Join(" ", ((string?[])[
        limits.MaxBytes is { } bytes ? $"--max-size {bytes}B" : null,
        limits.MaxLatency is { } latency ? string.Create(CultureInfo.InvariantCulture, $"--max-latency {latency.TotalMilliseconds}ms") : null,
        limits.MaxDrop is { } drop ? string.Create(CultureInfo.InvariantCulture, $"--max-drop {Math.Round(100 * drop, 9)}%") : null,
    ]).OfType<string>());
}

/// <summary>The model that was chosen.</summary>
/// <param name="Cell">The name of its cell.</param>
/// <param name="Model">Its folder.</param>
/// <param name="Quality">Its accuracy, or BLEU of greedy translations.</param>
/// <param name="Drop">What it lost of the uncompressed model's.</param>
/// <param name="Bytes">Its size on disk.</param>
/// <param name="Fits">Whether it keeps to every limit.</param>
/// <param name="Gives">Where it does not: what would have to give.</param>
internal sealed record ChoiceReport(
    string Cell, string Model, double Quality, double Drop, long Bytes, bool Fits, IReadOnlyList<string> Gives)
{
    /// <summary>BLEU of its translations with a beam of 4; null for a classifier.</summary>
    public double? QualityInUse { get; init; }

    public static ChoiceReport Of(ModelChoice<CellResult> choice, GridRecord grid, string model)
    {
        ModelMeasures m = choice.Chosen.Measures!;
        return new ChoiceReport(
            choice.Chosen.Name, model, m.Quality, Math.Round(grid.Quality - m.Quality, 9), m.Bytes, choice.Fits, [.. choice.Gives.Select(e => Words(e, grid.Metric))]);
    }

    private static string Words(LimitExcess e, QualityMetric metric) => e.Measure switch
    {
        Measure.Bytes => $"it takes {e.Value / 1e6:F3} MB, {e.Limit / 1e6:F3} MB are allowed: raise --max-size by {(e.Value - e.Limit) / 1e6:F3} MB",
        Measure.Latency => $"{(metric == QualityMetric.Bleu ? "a sentence" : "an example")} takes {1e3 * e.Value:F2} ms, {1e3 * e.Limit:F2} ms are allowed: raise --max-latency by {1e3 * (e.Value - e.Limit):F2} ms",
        _ => $"it loses {100 * e.Value:F2} points of {metric.Name()}, {100 * e.Limit:F2} are allowed: raise --max-drop by {100 * (e.Value - e.Limit):F2}",
    };
}

/// <summary>What <c>compress --json</c> and <c>prune --json</c> print.</summary>
internal sealed record GridReport(string Run, GridTable Table, ChoiceReport Choice)
{
    public void Write(TextWriter text)
    {
        text.WriteLine($"{Run}: {Table.Cells.Count(c => c.Measures != null)} of {Table.Cells.Count} cells");
        QualityMetric metric = Table.Metric;
        text.WriteLine($"  pruned   bits  {metric.Name(),8}       bytes    weights   non-zero   latency   tokens/s");
        foreach (CellResult c in Table.Cells)
        {
            text.Write($"  {100 * c.Sparsity,5:G4} % {c.Bits,5}");
            text.WriteLine(c.Measures is not { } m ? "  failed"
                : $"  {metric.Show(m.Quality),8} {m.Bytes,11:N0} {c.WeightBytes,10:N0} {m.NonZero,10:N0} {1e3 * m.Latency,6:F2} ms {m.TokensPerSecond,10:N0}{(Table.Frontier.Contains(c.Name) ? "  on the frontier" : "")}{(c.SingleQuality is { } single ? $"  {metric.Show(single)} with activations in single precision" : "")}");
        }
        if (Table.Levels.Count(l => l.Steps > 0) > 0)
            text.WriteLine("  pruned   before   after finetuning");
        foreach (LevelResult l in Table.Levels.Where(l => l.Sparsity > 0 || l.Steps > 0))
            text.WriteLine($"  {100 * l.Sparsity,5:G4} % {metric.Show(l.QualityBefore),8}  {metric.Show(l.Quality),8}  in {l.Steps:N0} steps, {l.Epochs:F2} epochs, {Quantities.Show(TimeSpan.FromSeconds(l.Seconds))}");
        text.WriteLine($"  chosen: {Choice.Cell}, {(metric == QualityMetric.Bleu ? "BLEU " : "")}{metric.Show(Choice.Quality)} ({metric.Points(Choice.Drop):F2} points lost), {Choice.Bytes:N0} bytes → {Choice.Model}");
        if (Choice.QualityInUse is { } quality)
            text.WriteLine($"  as it is used, with a beam of 4: BLEU {metric.Show(quality)}");
        foreach (string give in Choice.Gives)
            text.WriteLine($"  does not fit: {give}");
    }
}
