using System.Text.Json;
using Espalier.Compression.Analysis;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>A grid in one line, for setting it beside others.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Phase"><c>running</c>, <c>finished</c>, or how many cells have ended.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Model">The run whose model is compressed.</param>
/// <param name="Cells">Cells of the whole grid.</param>
/// <param name="Done">Cells that have ended well.</param>
/// <param name="Metric">What quality is measured by.</param>
/// <param name="Quality">The uncompressed model's quality.</param>
/// <param name="BestQuality">The best cell's; null where none has ended.</param>
/// <param name="SmallestBytes">The smallest cell's size on disk; null where none has ended.</param>
public sealed record GridSummary(
    string Path, string Phase, DateTimeOffset Created, string Model, int Cells, int Done, QualityMetric Metric, double Quality,
    double? BestQuality, long? SmallestBytes)
{
    /// <summary>Whether a folder holds a grid.</summary>
    /// <exception cref="RunException">It holds no run, or a damaged one.</exception>
    public static bool IsAt(string path) => RunDirectory.ReadManifest(path).Kind == CompressionGrid.Kind;

    /// <summary>Sums up a grid without disturbing it.</summary>
    /// <exception cref="RunException">There is none, or it is damaged.</exception>
    public static GridSummary Of(string path)
    {
        RunManifest manifest = RunDirectory.ReadManifest(path);
        GridRecord record = GridRecord.Read(path, manifest);
        CellResult[] done;
        try
        {
            done = [.. GridLog.Read(path).Where(c => c.Measures != null)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new RunDamagedException(path, $"cannot be read: {e.Message}", e);
        }

        int cells = record.Configuration.Cells;
        return new GridSummary(
            path, RunDirectory.IsHeld(path) ? "running" : done.Length == cells ? "finished" : $"{done.Length} of {cells} cells",
            manifest.Created, record.Configuration.Model, cells, done.Length, record.Metric, record.Quality,
            done.Length == 0 ? null : done.Max(c => c.Measures!.Quality), done.Length == 0 ? null : done.Min(c => c.Measures!.Bytes));
    }
}
