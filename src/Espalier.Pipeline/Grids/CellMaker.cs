using System.Diagnostics;
using Espalier.Compression;
using Espalier.Compression.Analysis;
using Espalier.Compression.Quantization;
using Espalier.Engine.Autograd;
using Espalier.Engine.Weights;
using Espalier.Pipeline.Measurement;
using Espalier.Pipeline.Packages;
using Espalier.Pipeline.Tasks;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>Makes the package of a cell and measures it: what is measured is what was read back from the disk.</summary>
internal sealed class CellMaker(ICompressionTask task, GridRecord record, RunDirectory run, string machine)
{
    private ModelWeights? _original;

    public CellResult Make(GridLevel level, int bits, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        QuantizationSettings settings = record.Configuration.Quantization;
        PackedTensor[] packed =
        [
            .. level.Weights.Tensors.Select(t => settings.Pack(
                t, bits == GridConfiguration.FullPrecision ? null : bits, level.Result.Sparsity > 0 ? level.Masks.Of(t.Name) : null)),
        ];
        string folder = Path.Join(CompressionGrid.CellsName, CellName.Of(level.Result.Sparsity, bits)), path = Path.Join(run.Path, folder);
        run.WriteFolder(folder, to => task.WritePackage(to, packed));
        using IMeasuredModel model = task.Open(path, record.Configuration.Activations);
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
            Machine = machine,
        };
    }

    /// <summary>A cell with its speed measured here and now.</summary>
    public CellResult MeasureSpeed(CellResult cell, CancellationToken cancel)
    {
        using IMeasuredModel model = task.Open(Path.Join(run.Path, CompressionGrid.CellsName, cell.Name), record.Configuration.Activations);
        InferenceSpeed speed = model.MeasureSpeed(cancel);
        return cell with { Measures = cell.Measures! with { Latency = speed.Latency, TokensPerSecond = speed.TokensPerSecond }, Machine = machine };
    }

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
