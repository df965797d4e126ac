using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Pruning;
using Espalier.Pipeline.Recovery;
using Espalier.Pipeline.Tasks;
using Espalier.Training;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>Makes levels of pruning one from the other, each once.</summary>
internal sealed class LevelMaker(ICompressionTask task, GridRecord record, RunDirectory run, IProgress<GridProgress>? progress)
{
    private const string RecoveriesName = "recoveries";

    private readonly GridConfiguration _configuration = record.Configuration;
    private GridLevel? _latest;

    /// <summary>Why no level can follow; null while they can.</summary>
    public string? Failure { get; private set; }

    /// <summary>Loads a level, or makes it from the one before it, which has been made or is on the disk.</summary>
    /// <param name="sparsity">Its sparsity.</param>
    /// <param name="time">The longest that its finetuning may take; null for any.</param>
    /// <param name="cancel">Saves, and throws.</param>
    /// <returns>The level; null where it, or one before it, failed: <see cref="Failure"/> says why.</returns>
    public GridLevel? Make(double sparsity, TimeSpan? time, CancellationToken cancel)
    {
        GridLevel? level = null;
        if (Failure == null && GridFault.Of(() => level = LoadOrMake(sparsity, time, cancel)) is { } fault)
        {
            Failure = $"pruning to {100 * sparsity:G4} %: {fault}";
        }

        return level;
    }

    private GridLevel LoadOrMake(double sparsity, TimeSpan? time, CancellationToken cancel)
    {
        if (GridLevel.ReadResult(run, sparsity) is { } known)
        {
            return _latest = GridLevel.Load(run, known, _configuration.Pruning);
        }

        GridLevel level = sparsity == 0 ? First(time, cancel) : Next(Before(sparsity), sparsity, time, cancel);
        level.Write(run);

        // The log stays; weights and moments of a finetuning that is over serve no one.
        run.Delete(Path.Join(RecoveriesName, sparsity.ToString("R"), RunDirectory.CheckpointsName));
        return _latest = level;
    }

    // The nearest: one that was skipped, for it has ended, may lie between the latest that was made and this one.
    private GridLevel Before(double sparsity)
    {
        LevelResult before = Directory.EnumerateDirectories(Path.Join(run.Path, GridLevel.FolderName))
            .Select(folder => double.TryParse(Path.GetFileName(folder), out double s) ? GridLevel.ReadResult(run, s) : null)
            .OfType<LevelResult>().Where(l => l.Sparsity < sparsity).MaxBy(l => l.Sparsity)!;
        return _latest?.Result.Sparsity == before.Sparsity ? _latest : GridLevel.Load(run, before, _configuration.Pruning);
    }

    private GridLevel First(TimeSpan? time, CancellationToken cancel)
    {
        using IMeasuredModel model = task.Open(task.Folder);
        ModelWeights weights = task.Shrink(ModelWeights.Download(model.Weights));
        WeightMasks masks = MagnitudePruning.Prune(weights, 0, _configuration.Pruning);
        RecoveredWeights recovered = _configuration is { Heads: null, FeedForward: null }
            ? new RecoveredWeights(weights, record.Quality, record.Quality, 0, 0, TimeSpan.Zero)
            : Recovery(time).Recover(0, weights, masks, cancel);
        return Level(0, recovered, masks);
    }

    private GridLevel Next(GridLevel before, double sparsity, TimeSpan? time, CancellationToken cancel)
    {
        // What is zero is the smallest, so that what was pruned before stays so.
        WeightMasks masks = MagnitudePruning.Prune(before.Weights, sparsity, _configuration.Pruning);
        if (_configuration.Pruning.Ranking == PruningRanking.WholeModel && masks.Hollow(Unpruned()) is [string first, ..] hollow)
        {
            string words = $"pruning to {100 * sparsity:G4} %";
            progress?.Report(new GridProgress(words, 0, Advice: $"{words} of the whole model leaves {(hollow.Count == 1 ? $"{first} with less than a hundredth of its" : $"{hollow.Count} matrices, such as {first}, with less than a hundredth of their")} weights: "
                + $"the model will hardly work. Rank weights per matrix (PerMatrix){(_configuration.Pruning.Embeddings ? ", or do not prune embeddings, whose weights are larger" : "")}"));
        }

        return Level(sparsity, Recovery(time).Recover(sparsity, masks.Apply(before.Weights), masks, cancel), masks);
    }

    private ModelWeights Unpruned() => GridLevel.Load(run, GridLevel.ReadResult(run, 0)!, _configuration.Pruning).Weights;

    private static GridLevel Level(double sparsity, RecoveredWeights recovered, WeightMasks masks) => new(recovered.Weights, masks, new LevelResult(
        sparsity, masks.Pruned, masks.Prunable, recovered.QualityBefore, recovered.Quality, recovered.Steps, recovered.Epochs, recovered.Time.TotalSeconds));

    private FinetuningRecovery Recovery(TimeSpan? time) => new(
        task, _configuration.Recovery with { Time = time ?? _configuration.Recovery.Time }, record.Quality, Open,
        new Relay<TrainingProgress>(p => progress?.Report(new GridProgress(
            $"finetuning, step {p.State.Step:N0}{(p.Evaluation is { } e ? $", {task.Metric.Name()} {task.Metric.Show(e.Value)}" : "")}", p.Fraction, p.Warning))));

    private RunDirectory Open(double sparsity)
    {
        string name = Path.Join(RecoveriesName, sparsity.ToString("R")), path = Path.Join(run.Path, name);
        if (!Directory.Exists(Path.Join(path, RunDirectory.CheckpointsName)))
        {
            // It has ended, and its level has been removed since: with the log alone nobody can go on.
            run.Delete(name);
        }

        return RunDirectory.IsAt(path) ? RunDirectory.Open(path)
            : RunDirectory.Create(path, run.Manifest with { Kind = "recovery", Created = DateTimeOffset.UtcNow });
    }
}
