using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Pipeline.Grids;

namespace Espalier.Pipeline.Reports;

/// <summary>Every compressed model, which of them nothing beats, and which was taken.</summary>
internal static class CompressionSection
{
    public static void Write(Html html, RunReport report)
    {
        GridTable grid = report.Grid!;
        CellResult[] made = [.. grid.Cells.Where(c => c.Measures != null)];
        bool classifies = grid.Metric == QualityMetric.Accuracy;
        string title = classifies ? "Accuracy" : grid.Metric.Name();
        CellResult? chosen = made.FirstOrDefault(c => c.Name == report.ChosenCell);
        string taken = chosen?.Measures is { } m
            ? $" The package is the one pruned by {Figures.Part(chosen.Sparsity)} at {chosen.Bits} bits: {Quality(m.Quality)} in {Figures.Bytes(m.Bytes)}." : "";
        string whole = classifies ? $"the finetuned one, which gets {Quality(grid.Quality)} of the development set right" : $"the trained one, whose {title} on the development set is {Quality(grid.Quality)}";
        html.Write($"<p>{made.Length} compressed models were made of {whole}, and measured.{taken}</p>\n");
        if (made.Length > 0)
        {
            html.Chart("frontier", $"{title} against size of {made.Length} compressed models. {grid.Frontier.Count} lie on the frontier: no other is both smaller and better. From {Figures.Bytes(made.Min(c => c.Measures!.Bytes))} to {Figures.Bytes(made.Max(c => c.Measures!.Bytes))}, from {Quality(made.Min(c => c.Measures!.Quality))} to {Quality(made.Max(c => c.Measures!.Quality))}.");
        }

        if (made.Length > 1)
        {
            html.WriteRaw("<h3>The grid</h3>\n");
            html.Chart("grid", $"{title} on the development set by how much was pruned and by the bits that are left of a weight; the frame marks the chosen model.");
        }

        html.WriteRaw("<details><summary>The grid as a table</summary>\n");
        html.Table(
            ["#Pruned", "#Bits", "#" + title, "#Lost, points", "#Package", "#Weights", "#Unpruned", "#Latency", "#Tokens/s", ""],
            [
                .. grid.Cells.Select(c => c.Measures is not { } v
                    ? (string[])[Figures.Part(c.Sparsity), $"{c.Bits}", .. Enumerable.Repeat(Figures.None, 7), "failed: " + c.Failure]
                    :
                    [
                        Figures.Part(c.Sparsity), $"{c.Bits}", Quality(v.Quality), Figures.Decimal(grid.Metric.Points(grid.Quality - v.Quality), 2), Figures.Bytes(v.Bytes),
                        Figures.Bytes(c.WeightBytes), Figures.Short(v.NonZero), Figures.Seconds(v.Latency), Figures.Short(v.TokensPerSecond),
                        c == chosen ? "chosen" : grid.Frontier.Contains(c.Name) ? "on the frontier" : "",
                    ]),
            ],
            "Every compressed model", chosen == null ? -1 : grid.Cells.ToList().IndexOf(chosen));
        if (grid.Levels.Any(l => l.Steps > 0))
        {
            html.Table(
                ["#Pruned", "#Before recovery", "#After", "#Steps", "#Epochs", "#Time"],
                [
                    .. grid.Levels.Select(l => (string[])
                    [
                        Figures.Part(l.Sparsity), Quality(l.QualityBefore), Quality(l.Quality), Figures.Count(l.Steps), Figures.Decimal(l.Epochs, 2), Figures.Seconds(l.Seconds),
                    ]),
                ],
                $"{title} that finetuning gave back after pruning");
        }

        html.WriteRaw("</details>\n");

        string Quality(double quality) => classifies ? Figures.Percent(quality) : Figures.Decimal(quality, 2);
    }

    /// <summary>The cell whose errors are shown: the chosen one, or where that is whole, the most compressed one; null without any.</summary>
    public static CellResult? ErrorsOf(RunReport report)
    {
        CellResult[] cells = [.. (report.Grid?.Cells ?? []).Where(c => c.Errors.Count > 0)];
        return cells.FirstOrDefault(c => c.Name == report.ChosenCell) ?? cells.LastOrDefault();
    }

    public static void WriteErrors(Html html, RunReport report)
    {
        CellResult cell = ErrorsOf(report)!;
        WeightError worst = cell.Errors.MaxBy(e => e.MeanMagnitude)!;
        // As the cell has it: quantization is measured against the pruned model that it was made of.
        string change = cell.Bits != GridConfiguration.FullPrecision
            ? $"What quantization to {cell.Bits} bits changed in the weights{(cell.Sparsity > 0 ? $" that pruning by {Figures.Part(cell.Sparsity)} and the finetuning after it had left" : " of the trained model")}"
            : $"What pruning by {Figures.Part(cell.Sparsity)} and the finetuning after it changed in the weights of the trained model";
        html.Chart("errors", $"{change}, by kind of module: the mean magnitude of before minus after. It is largest in {Title(worst.Kind)}.");
        html.Table(
            ["Module", "#Mean", "#Mean magnitude", "#Variance", "#Weights", "#Tensors"],
            [.. cell.Errors.Select(e => (string[])[Title(e.Kind), Figures.Precise(e.Mean), Figures.Precise(e.MeanMagnitude), Figures.Precise(e.Variance), Figures.Count(e.Weights), Figures.Count(e.Tensors)])],
            "Error of the weights by kind of module");
    }

    private static string Title(ModuleKind kind) => kind switch
    {
        ModuleKind.Embedding => "embeddings",
        ModuleKind.AttentionInput => "attention: query, key, value",
        ModuleKind.AttentionOutput => "attention: output",
        ModuleKind.FeedForwardUp => "feed-forward: first",
        ModuleKind.FeedForwardDown => "feed-forward: second",
        ModuleKind.Head => "head",
        ModuleKind.Norm => "layer norms",
        _ => "biases",
    };
}
