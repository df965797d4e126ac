using System.Reflection;
using System.Text.Json;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Engine.Models;
using Espalier.Text;
using Espalier.Training.Finetuning;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>What a grid is doing.</summary>
/// <param name="Phase">In words.</param>
/// <param name="Fraction">The part of it that is done.</param>
public readonly record struct GridProgress(string Phase, double Fraction);

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

    private readonly FinetunedModel _model;
    private readonly RunDirectory _run;
    private readonly List<CellResult> _cells;

    private CompressionGrid(FinetunedModel model, RunDirectory run, GridRecord record)
    {
        (_model, _run, Record) = (model, run, record);

        // Those that failed are tried again: what was at fault may have been mended.
        _cells = [.. GridLog.Read(run.Path).Where(c => c.Failure == null)];
    }

    /// <summary>What the grid is.</summary>
    public GridRecord Record { get; }

    /// <summary>The run's folder and manifest.</summary>
    public RunDirectory Directory => _run;

    /// <summary>Cells of the whole grid.</summary>
    public int Count => Record.Configuration.Sparsities.Count * Record.Configuration.Bits.Count;

    /// <summary>Cells that have ended well.</summary>
    public int Done => _cells.Count(c => c.Failure == null);

    /// <summary>Finetuning that is still to come takes so long at most.</summary>
    public TimeSpan LongestFinetuning
    {
        get
        {
            int steps = Steps().Count(s => NeedsRecovery(s) && GridLevel.ReadResult(_run, s) == null);
            return TimeSpan.FromSeconds(steps * Record.EpochSeconds * Record.Configuration.Recovery.Epochs);
        }
    }

    /// <summary>Makes a grid: opens the model and its data, measures it, writes <c>run.json</c>.</summary>
    /// <param name="path">Its folder; new, or without a run.</param>
    /// <param name="configuration">What is asked for.</param>
    /// <param name="cancel">Stops; nothing remains.</param>
    /// <param name="moved">Changes the paths in the finetuning's configuration to where the same files lie now; null keeps them.</param>
    /// <exception cref="ConfigurationException">The configuration has faults; all are listed.</exception>
    /// <exception cref="CompressionException">The model cannot be compressed so.</exception>
    /// <exception cref="RunException">There is a run already, the folder cannot be written, or there is no finetuned model.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    public static CompressionGrid Create(
        string path, GridConfiguration configuration, CancellationToken cancel = default,
        Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
    {
        ConfigurationException.ThrowIfAny("compression", configuration.Validate());
        if (RunDirectory.IsAt(path))
        {
            throw new RunException(path, "there is a run here already; resume it, or name another folder");
        }

        FinetunedModel model = FinetunedModel.Open(configuration.Model, configuration.Threads, cancel, moved);
        try
        {
            RunManifest of = RunDirectory.ReadManifest(configuration.Model);
            using var classifier = TrainedClassifier.Load(model.Folder, model.Device);
            ModelWeights weights = ModelWeights.Download(classifier.Weights);
            weights.ThrowUnlessFinite();
            var record = new GridRecord(
                configuration with { Model = Path.GetFullPath(configuration.Model), Threads = model.Device.Threads },
                ModelSource.Fingerprint(model.Folder), LevelMaker.Shrink(weights, model.Configuration, configuration).Configuration,
                classifier.Measure(model.Development, cancel).Confusion.Accuracy, model.Development.Labels.Count, model.Record.EpochSeconds);
            RunDirectory run = RunDirectory.Create(path, of with
            {
                Kind = Kind,
                Version = typeof(CompressionGrid).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
                Created = DateTimeOffset.UtcNow,
                Machine = MachineRecord.Here(model.Device.Description, of.Machine.PeakFlops),
                Configuration = JsonSerializer.SerializeToElement(record, GridJson.Default.GridRecord),
            });
            return new CompressionGrid(model, run, record);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Opens a grid to go on with it: levels and cells that have ended are not made again.</summary>
    /// <param name="path">Its folder.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="model">Where the finetuning run lies now whose model is compressed; null where it lay.</param>
    /// <param name="moved">Changes the paths in the finetuning's configuration to where the same files lie now; null keeps them.</param>
    /// <exception cref="RunException">There is none, it is another kind of run, another process works on it, it is damaged, or the
    /// model or its data is not what it was.</exception>
    /// <exception cref="TextException">The data or the tokenizer cannot be read.</exception>
    public static CompressionGrid Resume(
        string path, CancellationToken cancel = default, string? model = null, Func<FinetuningConfiguration, FinetuningConfiguration>? moved = null)
    {
        RunDirectory run = RunDirectory.Open(path);
        FinetunedModel? opened = null;
        try
        {
            GridRecord record = Read(path, run.Manifest);
            opened = FinetunedModel.Open(model ?? record.Configuration.Model, record.Configuration.Threads, cancel, moved);
            return ModelSource.Fingerprint(opened.Folder) == record.ModelFingerprint ? new CompressionGrid(opened, run, record)
                : throw new RunMismatchException(path, $"the model in {opened.Folder} is not what the grid was made from; put that back, or begin another grid");
        }
        catch
        {
            opened?.Dispose();
            run.Dispose();
            throw;
        }
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
        var levels = new LevelMaker(_model, Record, _run, progress);
        var cells = new CellMaker(_model, Record, _run);
        Log("started", $"{Done} of {Count} cells are done");
        IReadOnlyList<double> steps = [.. Steps().Where(s => pace == null || c.Sparsities.Any(to => to >= s && c.Bits.Any(bits => pace.Wants(to, bits))))];
        for (int step = 0; step < steps.Count && pace?.GoesOn(_cells) != false; step++)
        {
            double sparsity = steps[step];
            bool hurry = pace?.IsTimeUp == true;
            int[] missing = [.. c.Bits.OrderDescending().Where(bits => c.Sparsities.Contains(sparsity)
                && pace?.Wants(sparsity, bits) != false && !_cells.Any(x => (x.Sparsity, x.Bits) == (sparsity, bits)))];

            // The smallest is the likeliest to suffice.
            missing = hurry ? missing[^Math.Min(1, missing.Length)..] : missing;

            // Neither its cells nor a level after it asks for a level that is there: it stays on the disk. Where nothing is finetuned any
            // more, levels on the way to one that is wanted serve nobody.
            if (missing.Length == 0 && ((hurry && step > 0) || GridLevel.ReadResult(_run, sparsity) != null))
            {
                continue;
            }

            GridLevel? level = null;
            string? failure = levels.Failure;
            if (failure == null)
            {
                TimeSpan? share = pace?.Share(steps.Count - step, Evaluating, Measuring * (1 + missing.Length));
                failure = Try(() => level = levels.Make(sparsity, share, cancel));
                levels.Failure = failure == null ? null : $"pruning to {100 * sparsity:G4} %: {failure}";
                Log("level", failure ?? $"{100 * sparsity:G4} % pruned: accuracy {level!.Result.AccuracyBefore:F4}, after {level.Result.Steps} steps {level.Result.Accuracy:F4}");
            }

            foreach (int bits in missing)
            {
                if (pace?.GoesOn(_cells) == false)
                {
                    break;
                }

                progress?.Report(new GridProgress($"cell {Done + 1} of {Count}, {100 * sparsity:G4} % pruned, {bits} bits", Done / (double)Count));
                CellResult? cell = null;
                string? fault = levels.Failure ?? Try(() => cell = cells.Make(level!, bits, cancel));
                _cells.Add(cell ?? new CellResult(sparsity, bits, null, 0, "", [], 0, fault));
                GridLog.Write(_run, _cells, Table());
                Log("cell", $"{CellName.Of(sparsity, bits)}: {fault ?? $"accuracy {cell!.Measures!.Accuracy:F4}, {cell.Measures.Bytes} bytes"}");
            }
        }

        Log("finished", $"{Done} of {Count} cells are done");
        return Table();
    }

    /// <summary>Reads the cells of a grid that have ended, without a lock.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="RunDamagedException">A line is no cell's result.</exception>
    public static IReadOnlyList<CellResult> ReadCells(string path) => GridLog.Read(path);

    /// <summary>The cells and levels that have ended.</summary>
    /// <param name="first">One measure of the frontier.</param>
    /// <param name="second">The other.</param>
    public GridTable Table(Measure first = Measure.Bytes, Measure second = Measure.Accuracy) => GridLog.TableOf(
        Record.Accuracy, _cells, [.. Steps().Select(s => GridLevel.ReadResult(_run, s)).OfType<LevelResult>()], first, second);

    /// <summary>Chooses among the cells, and puts the chosen package in the run's folder of the model.</summary>
    /// <param name="limits">What to keep to.</param>
    /// <exception cref="CompressionException">Every cell failed.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public ModelChoice<CellResult> Choose(DeploymentLimits limits)
    {
        ModelChoice<CellResult> choice = ModelChoices.Choose(
            [.. Table().Cells.Where(c => c.Measures != null)], c => c.Measures!, Record.Accuracy, limits);
        _run.WriteFolder(RunDirectory.ModelName, folder =>
        {
            foreach (string file in System.IO.Directory.EnumerateFiles(Path.Join(_run.Path, CellsName, choice.Chosen.Name)))
            {
                File.Copy(file, Path.Join(folder, Path.GetFileName(file)));
            }
        });
        return choice;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _run.Dispose();
        _model.Dispose();
    }

    /// <summary>What a grid's <c>run.json</c> says.</summary>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    internal static GridRecord Read(string path, RunManifest manifest)
    {
        if (manifest.Kind != Kind)
        {
            throw new RunException(path, $"is a run of {manifest.Kind}, not of {Kind}");
        }

        try
        {
            return manifest.ConfigurationAs(GridJson.Default.GridRecord);
        }
        catch (JsonException e)
        {
            throw new RunDamagedException(Path.Join(path, RunDirectory.ManifestName), $"holds no configuration of {Kind}: {e.Message}", e);
        }
    }

    /// <summary>Every sparsity at which the model is finetuned, in order: those asked for, and those on the way.</summary>
    private IReadOnlyList<double> Steps()
    {
        List<double> steps = [0];
        foreach (double sparsity in Record.Configuration.Sparsities.Order())
        {
            steps.AddRange(Record.Configuration.Pruning.StepsTo(sparsity, steps[^1]));
        }

        return steps;
    }

    // A pass without gradients takes a third of one with.
    private double PartOfAnEpoch => _model.Development.Sequences.TokenCount / (3.0 * _model.Train.Sequences.TokenCount);

    private double Evaluating => Record.Configuration.Recovery.EvaluationsPerEpoch * PartOfAnEpoch;

    private TimeSpan Measuring => TimeSpan.FromSeconds(Record.EpochSeconds * PartOfAnEpoch);

    private bool NeedsRecovery(double sparsity) => sparsity > 0 || Record.Configuration.Heads != null || Record.Configuration.FeedForward != null;

    // A fault of one cell must not end the others; only what would end them all does.
    private static string? Try(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception e) when (e is not (OperationCanceledException or RunStorageException))
        {
            return e is CompressionException or RunException or TextException or ArgumentException ? e.Message : $"{e.GetType().Name}: {e.Message}";
        }
    }

    private void Log(string kind, string message)
        => _run.Events.Append(new TrainingEvent { Event = kind, Time = DateTimeOffset.UtcNow, Message = message });
}
