using System.Text;
using System.Text.Json;
using Espalier.Compression.Analysis;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>What came of a grid so far, in its files: <c>cells.jsonl</c>, a line for each cell that has ended, the tables made of it, and
/// the events.</summary>
internal sealed class GridLog(RunDirectory run, GridRecord record)
{
    private const string CellsName = "cells.jsonl", TableName = "table.csv", TableJsonName = "table.json", ErrorsName = "errors.csv";

    // Those that failed are tried again: what was at fault may have been mended.
    private readonly List<CellResult> _cells = [.. Read(run.Path).Where(c => c.Failure == null)];

    /// <summary>The cells that have ended, in the order in which they did.</summary>
    public IReadOnlyList<CellResult> Cells => _cells;

    /// <summary>How fast the uncompressed model is; null where that was not measured.</summary>
    public DenseSpeed? Dense { get; set; } = record.Dense;

    /// <summary>Those that have ended well.</summary>
    public int Done => _cells.Count(c => c.Failure == null);

    /// <summary>What the grid is doing, and how far it is.</summary>
    public GridProgress Progress(string phase) => new(phase, Done / (double)record.Configuration.Cells);

    /// <summary>A cell has ended.</summary>
    public void Add(CellResult cell)
    {
        _cells.Add(cell);
        WriteCells();
        Write("cell", $"{cell.Name}: {(cell.Measures is { } m ? $"{Named(m.Quality)}, {m.Bytes} bytes" : cell.Failure)}");
    }

    /// <summary>A cell was measured again.</summary>
    public void Replace(CellResult before, CellResult cell)
    {
        _cells[_cells.IndexOf(before)] = cell;
        WriteCells();
    }

    /// <summary>A cell is not there any more.</summary>
    public void Remove(CellResult cell)
    {
        _cells.Remove(cell);
        WriteCells();
    }

    /// <summary>Writes the tables; one that was removed comes back so.</summary>
    public void WriteTables()
    {
        GridTable table = Table();
        run.WriteFile(TableJsonName, JsonSerializer.SerializeToUtf8Bytes(table, GridJson.Default.GridTable));
        run.WriteFile(TableName, Encoding.UTF8.GetBytes(Csv(table)));
        run.WriteFile(ErrorsName, Encoding.UTF8.GetBytes(Errors(table)));
    }

    /// <summary>Writes an event.</summary>
    public void Write(string kind, string message)
        => run.Events.Append(new TrainingEvent { Event = kind, Time = DateTimeOffset.UtcNow, Message = message });

    /// <summary>A quality with the name of its metric.</summary>
    public string Named(double quality) => $"{record.Metric.Name()} {record.Metric.Show(quality)}";

    /// <summary>The cells and levels that have ended.</summary>
    public GridTable Table(Measure first = Measure.Bytes, Measure second = Measure.Quality) => TableOf(
        record.Metric, record.Quality, _cells, [.. record.Configuration.Steps().Select(s => GridLevel.ReadResult(run, s)).OfType<LevelResult>()], first, second) with
    {
        Dense = Dense,
        Shrunk = record.Configuration is not { Heads: null, FeedForward: null },
    };

    /// <summary>Reads the cells that have ended, in the order in which they did.</summary>
    /// <exception cref="RunDamagedException">A line is no cell's result.</exception>
    public static IReadOnlyList<CellResult> Read(string folder)
        => JsonLines.Read(Path.Join(folder, CellsName), GridJson.Default.CellResult, "cell's result", "remove that line, and go on: its cell is made anew");

    /// <summary>The table of the cells that have ended, with the frontier under two measures.</summary>
    public static GridTable TableOf(
        QualityMetric metric, double quality, IEnumerable<CellResult> cells, IReadOnlyList<LevelResult> levels, Measure first, Measure second)
    {
        CellResult[] sorted = [.. cells.OrderBy(c => c.Sparsity).ThenByDescending(c => c.Bits)];
        return new GridTable(metric, quality, sorted, levels, [
            .. ParetoFrontier.Of(sorted.Where(c => c.Measures != null), c => c.Measures!, first, second).Select(c => c.Name)]);
    }

    // The cells, then the tables, each whole or not at all.
    private void WriteCells()
    {
        run.WriteFile(CellsName, JsonLines.Of(_cells, GridJson.Default.CellResult));
        WriteTables();
    }

    // Numbers and plain words only: nothing that would have to be quoted.
    private static string Csv(GridTable table)
    {
        string quality = table.Metric.Name().ToLowerInvariant();
        var text = new StringBuilder(
            $"sparsity,bits,{quality},drop,bytes,weight_bytes,nominal_bits,non_zero,latency_seconds,tokens_per_second,on_frontier,outcome,single_activations_{quality}\n");
        foreach (CellResult c in table.Cells)
        {
            text.Append($"{c.Sparsity},{c.Bits},");
            text.Append(c.Measures is not { } m ? ",,,,,,,,,failed,"
                : $"{m.Quality},{Math.Round(table.Quality - m.Quality, 9)},{m.Bytes},{c.WeightBytes},{m.NominalBits},{m.NonZero},{m.Latency:G6},"
                    + $"{m.TokensPerSecond:G6},{(table.Frontier.Contains(c.Name) ? 1 : 0)},done,{c.SingleQuality}").Append('\n');
        }

        return text.ToString();
    }

    private static string Errors(GridTable table) => "sparsity,bits,against,kind,tensors,weights,mean,mean_magnitude,variance\n" + string.Concat(
        from c in table.Cells
        from e in c.Errors
        select $"{c.Sparsity},{c.Bits},{(c.Bits == GridConfiguration.FullPrecision ? "model" : "level")},{e.Kind},{e.Tensors},{e.Weights},{e.Mean:G6},{e.MeanMagnitude:G6},{e.Variance:G6}\n");
}
