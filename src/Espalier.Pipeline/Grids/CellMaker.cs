using System.Diagnostics;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Pruning;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Pipeline.Tasks;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>Makes the package of a cell and measures it: what is measured is what was read back from the disk.</summary>
internal sealed class CellMaker(ICompressionTask task, GridConfiguration configuration, RunDirectory run)
{
    private readonly string _made = NameOf(run.Manifest.Machine), _here = NameOf(MachineRecord.Here(task.Device.Description, 0));
    private ModelWeights? _original;

    /// <summary>What is to be said where the grid was made on another machine; empty on its own.</summary>
    public IReadOnlyList<string> Warnings => _made == _here ? []
        : [$"the grid was made on {_made} and goes on on {_here}: last bits of what is made from here on will differ, and speeds are measured again"];

    /// <summary>How fast the uncompressed model is here, where it was measured elsewhere or not at all.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public DenseSpeed MeasureDense(DenseSpeed? known, CancellationToken cancel)
    {
        if (known?.Machine == _here)
        {
            return known;
        }

        using IMeasuredModel model = task.Open(task.Folder);
        InferenceSpeed speed = model.MeasureSpeed(cancel);
        return new DenseSpeed(speed.Latency, speed.TokensPerSecond, _here);
    }

    /// <summary>Makes a cell; one that fails says why.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public CellResult Make(GridLevel level, int bits, CancellationToken cancel)
    {
        CellResult? cell = null;
        string? fault = GridFault.Of(() => cell = Pack(level, bits, cancel));
        return cell ?? CellResult.Failed(level.Result.Sparsity, bits, fault!);
    }

    /// <summary>What is wrong with the package of a cell; null where it is what was made and measured.</summary>
    public string? Fault(CellResult cell)
        => PackageDigest.Fault(Path.Join(run.Path, CompressionGrid.CellsName, cell.Name), cell.Measures!.Bytes, cell.Sha256);

    /// <summary>Forgets the cells whose packages are damaged or gone, so that they are made anew.</summary>
    public void Verify(GridLog log, IProgress<GridProgress>? progress)
    {
        foreach (CellResult cell in log.Cells.Where(c => c.Measures != null).ToArray())
        {
            if (Fault(cell) is { } fault)
            {
                log.Remove(cell);
                string words = $"the package of {cell.Name} {fault}; it is made anew";
                log.Write("damaged", words);
                progress?.Report(log.Progress("looking at what is there") with { Warning = words });
            }
        }
    }

    /// <summary>Measures the speed of cells that another machine measured: the latencies of two in one table would be set against one
    /// another, and a model chosen by them.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="RunStorageException">The disk is full or failed.</exception>
    public void MeasureSpeedHere(GridLog log, IProgress<GridProgress>? progress, CancellationToken cancel)
    {
        foreach (CellResult cell in log.Cells.Where(c => c.Measures != null && (c.Machine ?? _made) != _here).ToArray())
        {
            progress?.Report(log.Progress($"speed of {cell.Name} on this machine"));
            string? fault = GridFault.Of(() => log.Replace(cell, WithSpeed(cell, cancel)));
            log.Write("speed", $"{cell.Name}, which was measured on {cell.Machine ?? _made}: {fault ?? "measured again"}");
        }
    }

    private CellResult Pack(GridLevel level, int bits, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        QuantizationSettings settings = configuration.Quantization;
        WeightMasks masks = level.Result.Sparsity > 0 ? level.Masks : WeightMasks.None;
        if (bits != GridConfiguration.FullPrecision)
        {
            settings.ThrowIfConstant(level.Weights, masks);
        }

        PackedTensor[] packed =
        [
            .. level.Weights.Tensors.Select(t => settings.Pack(
                t, bits == GridConfiguration.FullPrecision ? null : bits, masks.Of(t.Name))),
        ];
        string folder = Path.Join(CompressionGrid.CellsName, CellName.Of(level.Result.Sparsity, bits)), path = Path.Join(run.Path, folder);
        run.WriteFolder(folder, to => task.WritePackage(to, packed));
        using IMeasuredModel model = task.Open(path, configuration.Activations);
        double quality = model.MeasureQuality(cancel);
        bool integer = model.Weights.All.Any(p => p.Compressed is QuantizedWeight { Activations: ActivationPrecision.Integer });
        double? single = integer ? SingleQuality(path, cancel) : null;
        InferenceSpeed speed = model.MeasureSpeed(cancel);
        return new CellResult(
            level.Result.Sparsity, bits,
            new ModelMeasures(
                quality, ModelPackage.BytesOf(path), packed.Sum(p => NonZero(level, p.Name) * p.Bits),
                level.Weights.Tensors.Sum(t => NonZero(level, t.Name)), speed.Latency, speed.TokensPerSecond),
            new FileInfo(Path.Join(path, ModelFolder.WeightsName)).Length,
            Held(model.Weights), Errors(level, bits, new ModelWeights(packed.Select(p => p.Decode()))),
            Stopwatch.GetElapsedTime(start).TotalSeconds, Failure: null)
        {
            SingleQuality = single,
            Machine = _here,
            Sha256 = PackageDigest.Of(path),
        };
    }

    private CellResult WithSpeed(CellResult cell, CancellationToken cancel)
    {
        using IMeasuredModel model = task.Open(Path.Join(run.Path, CompressionGrid.CellsName, cell.Name), configuration.Activations);
        InferenceSpeed speed = model.MeasureSpeed(cancel);
        return cell with { Measures = cell.Measures! with { Latency = speed.Latency, TokensPerSecond = speed.TokensPerSecond }, Machine = _here };
    }

    private static string NameOf(MachineRecord machine) => $"{machine.Processor}, {machine.Device}";

    private double SingleQuality(string package, CancellationToken cancel)
    {
        using IMeasuredModel model = task.Open(package);
        return model.MeasureQuality(cancel);
    }

    // Such as "23 dense, 4 sparse": which products ran, not which were asked for.
    private static string Held(ParameterSet parameters) => string.Join(", ",
        from p in parameters.All
        where p.Shape.Rank == 2
        group p by p.Compressed?.Description.Split(',')[0] ?? "dense" into kind
        orderby kind.Key
        select $"{kind.Count()} {kind.Key}");

    // Of the level: a zero that was quantized is one still, as the paper counts.
    private static long NonZero(GridLevel level, string tensor)
        => level.Weights[tensor].Shape.Count - (level.Masks.Of(tensor)?.LongCount(stays => !stays) ?? 0);

    // Of the quantization alone, as Fig. 9 has it; a cell that is not quantized shows what pruning did.
    private IReadOnlyList<WeightError> Errors(GridLevel level, int bits, ModelWeights compressed)
    {
        if (bits != GridConfiguration.FullPrecision)
        {
            return WeightError.ByModule(level.Weights, compressed);
        }

        if (_original == null)
        {
            using IMeasuredModel model = task.Open(task.Folder);
            _original = task.Shrink(ModelWeights.Download(model.Weights));
        }

        return WeightError.ByModule(_original, compressed);
    }
}
