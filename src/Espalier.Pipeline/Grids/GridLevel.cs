using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Pruning;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>A pruned model that several cells share, and its folder <c>levels/SPARSITY/</c>.</summary>
/// <param name="Weights">Its weights, those that are pruned at zero.</param>
/// <param name="Masks">Which are pruned.</param>
/// <param name="Result">What came of making it.</param>
internal sealed record GridLevel(ModelWeights Weights, WeightMasks Masks, LevelResult Result)
{
    public const string FolderName = "levels";

    private const string WeightsName = "weights.safetensors", RecordName = "level.json";

    public static string FolderOf(double sparsity) => Path.Join(FolderName, sparsity.ToString("R"));

    /// <summary>Reads what is known of a level that has ended; null where it has not.</summary>
    /// <exception cref="RunDamagedException">The folder is there and cannot be read.</exception>
    public static LevelResult? ReadResult(RunDirectory run, double sparsity) => ReadResult(Path.Join(run.Path, FolderOf(sparsity)));

    /// <summary>Reads every level of a grid that has ended, without a lock.</summary>
    /// <exception cref="RunDamagedException">One cannot be read.</exception>
    public static IReadOnlyList<LevelResult> ReadResults(string grid)
        => Path.Join(grid, FolderName) is var levels && Directory.Exists(levels)
            ? [.. Directory.EnumerateDirectories(levels).Select(ReadResult).OfType<LevelResult>().OrderBy(l => l.Sparsity)] : [];

    private static LevelResult? ReadResult(string level)
    {
        string path = Path.Join(level, RecordName);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), GridJson.Default.LevelResult) : null;
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(path, $"is no level: {e.Message}; remove its folder, and it is made anew", e);
        }
    }

    /// <summary>Loads a level that has ended. Its masks need not be stored: what is zero is smaller than all else.</summary>
    public static GridLevel Load(RunDirectory run, LevelResult result, PruningSettings settings)
    {
        var weights = ModelWeights.Load(Path.Join(run.Path, FolderOf(result.Sparsity), WeightsName));
        return new GridLevel(weights, MagnitudePruning.Prune(weights, result.Sparsity, settings), result);
    }

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(RunDirectory run) => run.WriteFolder(FolderOf(Result.Sparsity), folder =>
    {
        Weights.Save(Path.Join(folder, WeightsName));
        File.WriteAllBytes(Path.Join(folder, RecordName), JsonSerializer.SerializeToUtf8Bytes(Result, GridJson.Default.LevelResult));
    });
}
