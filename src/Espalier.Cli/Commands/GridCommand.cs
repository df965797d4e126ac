using System.Globalization;
using Espalier.Cli.CommandLine;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Pipeline.Grids;
using Espalier.Pipeline.Reports;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Cli.Commands;

/// <summary>What the commands that run a grid have in common: they announce it, show it, and report it.</summary>
internal static class GridCommand
{
    /// <param name="grid">The grid.</param>
    /// <param name="context">Of the command.</param>
    /// <param name="command">Its name.</param>
    /// <param name="given">Options with which the grid is opened, and must be when it is resumed.</param>
    public static void Run(CompressionGrid grid, CommandContext context, string command, string given)
    {
        string resume = $"espalier {command} --resume {grid.Directory.Path}{given}";
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
                    if ((p.Warning ?? p.Advice) is { } warning)
                        context.Warn(warning);
                    progress.Report(new WorkDone(p.Phase, p.Fraction));
                }),
                context.Cancel));
            GridTable table = grid.Record.Frontier is [var first, var second] ? grid.Table(first, second) : grid.Table();
            if (table.Cells.All(c => c.Measures == null))
                throw new CompressionException($"every cell failed: {string.Join("; ", table.Cells.GroupBy(c => c.Failure).Select(g => $"{string.Join(", ", g.Select(c => c.Name))}: {g.Key}"))}");
            report = new GridReport(grid.Directory.Path, table, Choose(grid, limits, context));
        }
        catch (OperationCanceledException)
        {
            error.WriteLine($"saved; go on with: {resume}");
            throw;
        }
        context.Report(report, CommandJson.Default.GridReport, report.Write);
        string[] failed = [.. report.Table.Cells.Where(c => c.Failure != null).Select(c => c.Name)];
        if (failed.Length > 0)
            throw new CompressionException($"{failed.Length} of {grid.Count} cells failed, {string.Join(", ", failed)}; with what was at fault mended, go on with: {resume}. The best of the others is in {report.Choice.Model}");
        if (!report.Choice.Fits)
            throw new CompressionException($"no model of the grid fits: {string.Join("; ", report.Choice.Gives)}. The nearest is in {report.Choice.Model}");
    }

    /// <summary>Throws where a grid cannot be begun, before anything is opened.</summary>
    /// <exception cref="UsageException">Something is there.</exception>
    public static void ThrowIfTaken(string folder)
    {
        if (RunDirectory.IsAt(folder))
            throw new UsageException($"{folder} is there already: a run; go on with it with --resume {folder}, or name another folder");
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any(entry => !Path.GetFileName(entry).StartsWith('.'))))
            throw new UsageException($"{folder} is there already, and not empty; name another folder, nothing is overwritten");
    }

    private static ChoiceReport Choose(CompressionGrid grid, DeploymentLimits limits, CommandContext context)
    {
        ModelChoice<CellResult> choice = grid.Choose(limits);
        return ChoiceReport.Of(choice, grid.Table(), grid.Record, grid.Directory.ModelPath) with
        {
            QualityInUse = context.Track("measuring the chosen model", _ => grid.MeasureChosen(context.Cancel)),
        };
    }

    // As they are given, so that whoever wants another sees how.
    private static string Words(DeploymentLimits limits) => string.Join(" ", ((string?[])[
        limits.MaxBytes is { } bytes ? $"--max-size {(bytes % 1_000_000 == 0 ? $"{bytes / 1_000_000}MB" : bytes % 1000 == 0 ? $"{bytes / 1000}kB" : $"{bytes}B")}" : null,
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

    /// <summary>In what it is no faster than the uncompressed model; null where it is faster in all.</summary>
    public string? NoFaster { get; init; }

    public static ChoiceReport Of(ModelChoice<CellResult> choice, GridTable table, GridRecord grid, string model)
    {
        ModelMeasures m = choice.Chosen.Measures!;
        return new ChoiceReport(
            choice.Chosen.Name, model, m.Quality, Math.Round(grid.Quality - m.Quality, 9), m.Bytes, choice.Fits, [.. choice.Gives.Select(e => LimitWords.Of(e, grid.Metric))])
        {
            NoFaster = table.NoFaster(choice.Chosen),
        };
    }
}

/// <summary>What <c>compress --json</c> and <c>prune --json</c> print.</summary>
internal sealed record GridReport(string Run, GridTable Table, ChoiceReport Choice)
{
    public void Write(TextWriter text)
    {
        text.WriteLine($"{Run}: {Table.Cells.Count(c => c.Measures != null)} of {Table.Cells.Count} cells");
        QualityMetric metric = Table.Metric;
        text.WriteLine($"  pruned   bits  {metric.Name(),8}       bytes    weights   unpruned   latency   tokens/s");
        if (Table.Dense is { } dense)
            text.WriteLine($"  {"uncompressed",-13}  {metric.Show(Table.Quality),8} {"",11} {"",10} {"",10} {1e3 * dense.Latency,6:F2} ms {dense.TokensPerSecond,10:N0}");
        foreach (CellResult c in Table.Cells)
        {
            text.Write($"  {100 * c.Sparsity,5:G4} % {c.Bits,5}");
            text.WriteLine(c.Measures is not { } m ? $"  failed: {c.Failure}"
                : $"  {metric.Show(m.Quality),8} {m.Bytes,11:N0} {c.WeightBytes,10:N0} {m.NonZero,10:N0} {1e3 * m.Latency,6:F2} ms {m.TokensPerSecond,10:N0}{(Table.NoFaster(c) is { } slow ? $"  {slow}" : "")}{(Table.Frontier.Contains(c.Name) ? "  on the frontier" : "")}{(c.SingleQuality is { } single ? $"  {metric.Show(single)} with activations in single precision" : "")}");
        }
        if (Table.Levels.Count(l => l.Steps > 0) > 0)
            text.WriteLine("  pruned   before   after finetuning");
        foreach (LevelResult l in Table.Levels.Where(l => l.Sparsity > 0 || l.Steps > 0))
            text.WriteLine($"  {100 * l.Sparsity,5:G4} % {metric.Show(l.QualityBefore),8}  {metric.Show(l.Quality),8}  in {l.Steps:N0} steps, {l.Epochs:F2} epochs, {Quantities.Show(TimeSpan.FromSeconds(l.Seconds))}");
        text.WriteLine($"  chosen: {Choice.Cell}, {(metric == QualityMetric.Bleu ? "BLEU " : "")}{metric.Show(Choice.Quality)} ({metric.Points(Math.Abs(Choice.Drop)):F2} points {(Choice.Drop < 0 ? "gained" : "lost")}), {Choice.Bytes:N0} bytes → {Choice.Model}");
        if (Choice.NoFaster is { } slower)
            text.WriteLine($"  beside the uncompressed model it is {slower}");
        if (Choice.QualityInUse is { } quality)
            text.WriteLine($"  as it is used, with a beam of 4: BLEU {metric.Show(quality)}");
        foreach (string give in Choice.Gives)
            text.WriteLine($"  does not fit: {give}");
    }
}
