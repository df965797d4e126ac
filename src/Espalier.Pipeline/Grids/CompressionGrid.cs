using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Pipeline.Tasks;
using Espalier.Text;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>What a grid is doing.</summary>
/// <param name="Phase">In words.</param>
/// <param name="Fraction">The part of it that is done.</param>
/// <param name="Warning">What went wrong and was got over; null where nothing did.</param>
/// <param name="Advice">What other settings would do better, for whoever chose them; null where there is nothing to say.</param>
public readonly record struct GridProgress(string Phase, double Fraction, string? Warning = null, string? Advice = null);

/// <summary>
/// Every level of pruning with every precision (the paper's §4 and Fig. 7): levels are pruned and finetuned one from the other and
/// shared by their cells; each cell is a package, measured. Its folder is a run's, with <c>cells/</c> (the packages),
/// <c>cells.jsonl</c>, <c>table.csv</c>, <c>table.json</c>, <c>errors.csv</c> (by kind of module, Fig. 9), <c>levels/</c> and <c>recoveries/</c>.
/// </summary>
public sealed class CompressionGrid : IDisposable
{
    /// <summary>The kind in <c>run.json</c>.</summary>
    public const string Kind = "compression";

    /// <summary>Name of the folder with a package for each cell.</summary>
    public const string CellsName = "cells";

    private readonly ICompressionTask _task;
    private readonly RunDirectory _run;
    private readonly GridLog _log;
    private readonly CellMaker _cells;

    private CompressionGrid(ICompressionTask task, RunDirectory run, GridRecord record)
    {
        (_task, _run, Record) = (task, run, record);
        (_log, _cells) = (new GridLog(run, record), new CellMaker(task, record.Configuration, run));
    }

    /// <summary>What the grid is.</summary>
    public GridRecord Record { get; private set; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>What is to be said before it goes on.</summary>
    public IReadOnlyList<string> Warnings => _cells.Warnings;

    /// <summary>Cells of the whole grid.</summary>
    public int Count => Record.Configuration.Cells;

    /// <summary>Cells that have ended well.</summary>
    public int Done => _log.Done;

    /// <summary>Finetuning that is still to come takes so long at most.</summary>
    public TimeSpan LongestFinetuning
    {
        get
        {
            int steps = Record.Configuration.Steps().Count(s => Record.Configuration.NeedsRecovery(s) && GridLevel.ReadResult(_run, s) == null);
            return TimeSpan.FromSeconds(steps * Record.EpochSeconds * Record.Configuration.Recovery.Epochs);
        }
    }

    /// <summary>Makes a grid: opens the model and its data, measures it, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or without a run.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    /// <param name="open">Opens the task that the model was trained for, which becomes the grid's; null as the configuration names it.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="CompressionException">The model cannot be compressed so.</exception>
    /// <exception cref="RunException">There is a run already, the folder cannot be written, or there is no model that was trained for a task.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    public static CompressionGrid Create(
        string path, GridConfiguration configuration, CancellationToken cancel = default, Func<GridConfiguration, ICompressionTask>? open = null)
    {
        ConfigurationException.ThrowIfAny("compression", configuration.Validate());
        if (RunDirectory.IsAt(path))
        {
            throw new RunException(path, "there is a run here already; resume it, or name another folder");
        }

        using var opened = new Opened();
        ICompressionTask task = opened.Add(open?.Invoke(configuration) ?? CompressionTask.Open(configuration, cancel));
        RunManifest of = RunDirectory.ReadManifest(configuration.Model);
        using IMeasuredModel model = task.Open(task.Folder);
        var weights = ModelWeights.Download(model.Weights);
        weights.ThrowUnlessFinite();
        configuration.Quantization.ThrowUnlessKept(weights);
        if ((configuration.Heads ?? configuration.FeedForward) != null && task.Shrink(weights).Count == weights.Count)
        {
            throw new UnfitSettingException("the model has no more heads and feed-forward units than are to stay: nothing would be taken out; name fewer, or none at all");
        }

        var record = new GridRecord(
            configuration with { Model = Path.GetFullPath(configuration.Model), Threads = task.Device.Threads },
            ModelSource.Fingerprint(task.Folder), task.Metric, model.MeasureQuality(cancel), task.DevelopmentExamples, task.EpochSeconds);
        RunDirectory run = opened.Add(RunDirectory.Create(path, of with
        {
            Kind = Kind,
            Version = RunManifest.CurrentVersion,
            Created = DateTimeOffset.UtcNow,
            Machine = MachineRecord.Here(task.Device.Description, of.Machine.PeakFlops),
            Configuration = JsonSerializer.SerializeToElement(record, GridJson.Default.GridRecord),
        }));
        return opened.HandOver(new CompressionGrid(task, run, record));
    }

    /// <summary>Opens a grid to go on with it: levels and cells that have ended are not made again.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="open">Opens the task that the model was trained for, which becomes the grid's; null as the grid's configuration names
    /// it.</param>
    /// <exception cref="RunException">There is none, it is another kind of run, another process works on it, it is damaged, or the
    /// model or its data is not what it was.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    public static CompressionGrid Resume(string path, CancellationToken cancel = default, Func<GridConfiguration, ICompressionTask>? open = null)
    {
        using var opened = new Opened();
        RunDirectory run = opened.Add(RunDirectory.Open(path));
        GridRecord record = GridRecord.Read(path, run.Manifest);
        ICompressionTask task = opened.Add(open?.Invoke(record.Configuration) ?? CompressionTask.Open(record.Configuration, cancel));
        return ModelSource.Fingerprint(task.Folder) == record.ModelFingerprint ? opened.HandOver(new CompressionGrid(task, run, record))
            : throw new RunMismatchException(path, $"the model in {task.Folder} is not what the grid was made from; put that back, or begin another grid");
    }

    /// <summary>Takes down what is asked of the grid, so that whoever goes on with it need not say it again.</summary>
    /// <param name="limits">What the model that is chosen must keep to. A limit that is given replaces one that was; others stay.</param>
    /// <param name="frontier">The two measures whose frontier is marked; null leaves them as they are.</param>
    /// <exception cref="RunStorageException">The folder cannot be written.</exception>
    public void Ask(DeploymentLimits limits, IReadOnlyList<Measure>? frontier = null)
    {
        DeploymentLimits before = Record.Limits ?? new DeploymentLimits();
        Keep(Record with
        {
            Limits = new DeploymentLimits(limits.MaxBytes ?? before.MaxBytes, limits.MaxLatency ?? before.MaxLatency, limits.MaxDrop ?? before.MaxDrop),
            Frontier = frontier ?? Record.Frontier,
        });
    }

    /// <summary>Makes and measures the cells that are left, one level of pruning after another. A cell that fails says why, and the others go on.</summary>
    /// <param name="progress">Told as the work goes on.</param>
    /// <param name="cancel">Saves, and throws; nothing that has ended is lost.</param>
    /// <param name="pace">Which cells to make, and how long there is; null makes them all.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed; what was saved is untouched.</exception>
    public GridTable Run(IProgress<GridProgress>? progress = null, CancellationToken cancel = default, GridPace? pace = null)
    {
        GridConfiguration c = Record.Configuration;
        var levels = new LevelMaker(_task, Record, _run, progress);
        _log.Write("started", $"{Done} of {Count} cells are done");
        _cells.Verify(_log, progress);
        _cells.MeasureSpeedHere(_log, progress, cancel);
        if (pace == null)
        {
            // Where time is short, it is the package that is measured in the end.
            Keep(Record with { Dense = _cells.MeasureDense(Record.Dense, cancel) });
        }

        double[] steps = [.. c.Steps().Where(s => pace == null || c.Sparsities.Any(to => to >= s && c.Bits.Any(bits => pace.Wants(to, bits))))];
        for (int step = 0; step < steps.Length && pace?.GoesOn(_log.Cells) != false; step++)
        {
            double sparsity = steps[step];
            bool hurry = pace?.IsTimeUp == true;

            // The best comes first; in a hurry that is what loses next to nothing and is small, for there may be no other.
            int[] missing = [.. c.Bits.OrderBy(bits => hurry && bits == GridConfiguration.FullPrecision).ThenByDescending(bits => bits).Where(bits => c.Sparsities.Contains(sparsity)
                && pace?.Wants(sparsity, bits) != false && !_log.Cells.Any(x => (x.Sparsity, x.Bits) == (sparsity, bits)))];

            // Neither its cells nor a level after it asks for a level that is there: it stays on the disk. Where nothing is finetuned any
            // more, levels on the way to one that is wanted serve nobody.
            if (missing.Length == 0 && ((hurry && step > 0) || GridLevel.ReadResult(_run, sparsity) != null))
            {
                continue;
            }

            GridLevel? level = null;
            if (levels.Failure == null)
            {
                level = levels.Make(sparsity, pace?.Share(steps.Length - step, Evaluating, Measuring * (1 + missing.Length)), cancel);
                _log.Write("level", level is { Result: var made }
                    ? $"{100 * sparsity:G4} % pruned: {_log.Named(made.QualityBefore)}, after {made.Steps} steps {_log.Named(made.Quality)}" : levels.Failure!);
            }

            foreach (int bits in missing.TakeWhile(_ => pace?.GoesOn(_log.Cells) != false))
            {
                progress?.Report(_log.Progress($"cell {Done + 1} of {Count}, {100 * sparsity:G4} % pruned, {bits} bits"));
                _log.Add(level == null ? CellResult.Failed(sparsity, bits, levels.Failure!) : _cells.Make(level, bits, cancel));
            }
        }

        _log.WriteTables();
        _log.Write("finished", $"{Done} of {Count} cells are done");
        return Table();
    }

    /// <summary>Reads the cells of a grid that have ended, without a lock.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="RunDamagedException">A line is no cell's result.</exception>
    public static IReadOnlyList<CellResult> ReadCells(string path) => GridLog.Read(path);

    /// <summary>The cells and levels that have ended.</summary>
    /// <param name="first">One measure of the frontier.</param>
    /// <param name="second">The other.</param>
    public GridTable Table(Measure first = Measure.Bytes, Measure second = Measure.Quality) => _log.Table(first, second);

    /// <summary>Chooses among the cells, and puts the chosen package in the run's folder of the model.</summary>
    /// <param name="limits">What to keep to.</param>
    /// <exception cref="CompressionException">Every cell failed.</exception>
    /// <exception cref="RunDamagedException">The package of the chosen cell is not what was made; the folder of the model is as it was.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public ModelChoice<CellResult> Choose(DeploymentLimits limits)
    {
        ModelChoice<CellResult> choice = ModelChoices.Choose(
            [.. Table().Cells.Where(c => c.Measures != null)], c => c.Measures!, Record.Quality, limits, Record.Metric);
        string package = Path.Join(_run.Path, CellsName, choice.Chosen.Name);
        if (_cells.Fault(choice.Chosen) is { } fault)
        {
            throw new RunDamagedException(package, $"{fault}. {_run.ModelPath} is as it was; resume the grid, and that package is made anew");
        }

        _run.WriteFolder(RunDirectory.ModelName, folder =>
        {
            foreach (string file in System.IO.Directory.EnumerateFiles(package))
            {
                File.Copy(file, Path.Join(folder, Path.GetFileName(file)));
            }
        });
        return choice;
    }

    /// <summary>How good the chosen package is when it is used: of a model that translates its BLEU with a beam of
    /// <see cref="TranslationTask.BeamInUse"/>; null where the table says it already.</summary>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public double? MeasureChosen(CancellationToken cancel = default)
    {
        using IMeasuredModel model = _task.Open(_run.ModelPath, Record.Configuration.Activations);
        return model.MeasureQualityInUse(cancel);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _task.Dispose();
    }

    private void Keep(GridRecord record)
    {
        if (record != Record)
        {
            _run.Update(_run.Manifest with { Configuration = JsonSerializer.SerializeToElement(record, GridJson.Default.GridRecord) });
            (Record, _log.Dense) = (record, record.Dense);
        }
    }

    // As a part of the steps that evaluations stand between; nobody knows it where not a step was measured.
    private double Evaluating => Record.EpochSeconds > 0 ? Record.Configuration.Recovery.EvaluationsPerEpoch * _task.EvaluationSeconds / Record.EpochSeconds : 0;

    private TimeSpan Measuring => TimeSpan.FromSeconds(_task.EvaluationSeconds);
}
