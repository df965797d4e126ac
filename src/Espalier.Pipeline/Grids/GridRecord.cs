using System.Text.Json.Serialization;
using Espalier.Compression.Analysis;
using Espalier.Compression.Choice;
using Espalier.Training.Runs;

namespace Espalier.Pipeline.Grids;

/// <summary>The configuration of a grid in <c>run.json</c>: what was asked for with every gap filled in, and what was measured.</summary>
/// <param name="Configuration">The whole resolved configuration.</param>
/// <param name="ModelFingerprint">SHA-256 of the weights that are compressed.</param>
/// <param name="Metric">What quality is measured by.</param>
/// <param name="Quality">The uncompressed model's, on the development set.</param>
/// <param name="DevelopmentExamples">Examples that qualities are measured on.</param>
/// <param name="EpochSeconds">Seconds of a pass over the training set, as training measured it.</param>
/// <param name="Limits">What the model that is chosen must keep to, as it was last asked for; null for nothing.</param>
/// <param name="Frontier">The two measures whose frontier was last asked for; null for bytes and quality.</param>
public sealed record GridRecord(
    GridConfiguration Configuration, string ModelFingerprint, QualityMetric Metric, [property: JsonRequired] double Quality,
    int DevelopmentExamples, double EpochSeconds, DeploymentLimits? Limits = null, IReadOnlyList<Measure>? Frontier = null)
{
    /// <summary>How fast the uncompressed model is; null where that was not measured yet.</summary>
    public DenseSpeed? Dense { get; init; }

    /// <summary>What a grid's <c>run.json</c> says.</summary>
    /// <exception cref="RunException">It is another kind of run, or damaged.</exception>
    internal static GridRecord Read(string path, RunManifest manifest)
        => manifest.ConfigurationAs(GridJson.Default.GridRecord, CompressionGrid.Kind, path);
}

/// <summary>How fast the uncompressed model is: what compression is to beat.</summary>
/// <param name="Latency">Median seconds for one example by itself.</param>
/// <param name="TokensPerSecond">Tokens per second in batches, as in <see cref="ModelMeasures"/>.</param>
/// <param name="Machine">Where it was measured.</param>
public sealed record DenseSpeed(double Latency, double TokensPerSecond, string Machine)
{
    // The same model measured twice in one grid differed by so much: what is nearer than this cannot be told apart.
    private const double Spread = 1.25;

    /// <summary>In what a compressed model is no faster, in words such as "slower alone, about as fast in batches"; null where it is faster in
    /// both.</summary>
    public string? Beside(double latency, double tokensPerSecond)
    {
        string? alone = Words(latency / Latency), batches = Words(TokensPerSecond / tokensPerSecond);
        return alone == batches ? alone : string.Join(", ", ((string?[])[alone == null ? null : $"{alone} alone", batches == null ? null : $"{batches} in batches"]).OfType<string>());

        static string? Words(double time) => time > Spread ? "slower" : time > 1 / Spread ? "about as fast" : null;
    }
}

/// <summary>A level of pruning that several cells share: <c>level.json</c>.</summary>
/// <param name="Sparsity">Part of the prunable weights that is zero.</param>
/// <param name="Pruned">Weights that are.</param>
/// <param name="Prunable">Weights that could be.</param>
/// <param name="QualityBefore">Quality before finetuning.</param>
/// <param name="Quality">Quality after it.</param>
/// <param name="Steps">Optimizer steps of it.</param>
/// <param name="Epochs">The same in passes over the data.</param>
/// <param name="Seconds">Time within these steps.</param>
public sealed record LevelResult(
    double Sparsity, long Pruned, long Prunable, double QualityBefore, [property: JsonRequired] double Quality, long Steps, double Epochs, double Seconds);

/// <summary>A compressed model: a line of <c>cells.jsonl</c>.</summary>
/// <param name="Sparsity">Its level of pruning.</param>
/// <param name="Bits">Its precision.</param>
/// <param name="Measures">What was measured of it; null where it failed.</param>
/// <param name="WeightBytes">Bytes of its <c>model.safetensors</c> alone.</param>
/// <param name="Held">How many matrices were held in which form when it was measured: which kernels ran.</param>
/// <param name="Errors">What quantization did to the weights of its level, or without it, what pruning did to those of the model.</param>
/// <param name="Seconds">Time that it took.</param>
/// <param name="Failure">Why there is no such model; null where there is.</param>
public sealed record CellResult(
    double Sparsity, int Bits, ModelMeasures? Measures, long WeightBytes, string Held, IReadOnlyList<WeightError> Errors, double Seconds, string? Failure)
{
    /// <summary>The quality with activations in single precision, where <see cref="Measures"/> has that with integer ones: what
    /// these cost. Null where none were used.</summary>
    public double? SingleQuality { get; init; }

    /// <summary>Where its speed was measured; null, of an earlier version, for where the grid was made.</summary>
    public string? Machine { get; init; }

    /// <summary>SHA-256 over the files of its package, by which it is known to be whole before it is chosen; null, of an earlier version.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The name of its folder.</summary>
    public string Name => CellName.Of(Sparsity, Bits);

    /// <summary>A cell that could not be made.</summary>
    internal static CellResult Failed(double sparsity, int bits, string failure) => new(sparsity, bits, null, 0, "", [], 0, failure);
}

/// <summary>What came of a grid: <c>table.json</c>.</summary>
/// <param name="Metric">What quality is measured by.</param>
/// <param name="Quality">The uncompressed model's.</param>
/// <param name="Cells">Every cell that has ended, by sparsity and falling bits.</param>
/// <param name="Levels">Every level of pruning.</param>
/// <param name="Frontier">Names of the cells that no other one beats under two measures; in the file those are bytes and quality.</param>
public sealed record GridTable(
    QualityMetric Metric, [property: JsonRequired] double Quality, IReadOnlyList<CellResult> Cells, IReadOnlyList<LevelResult> Levels,
    IReadOnlyList<string> Frontier)
{
    /// <summary>How fast the uncompressed model is; null where that was not measured.</summary>
    public DenseSpeed? Dense { get; init; }

    /// <summary>Whether heads or feed-forward units were removed before anything else.</summary>
    public bool Shrunk { get; init; }

    /// <summary>In what a cell is no faster than the uncompressed model, in words; null where it is faster, or is that model.</summary>
    public string? NoFaster(CellResult cell)
        => (!Shrunk && (cell.Sparsity, cell.Bits) == (0, GridConfiguration.FullPrecision)) || cell.Measures is not { } m ? null : Dense?.Beside(m.Latency, m.TokensPerSecond);
}

/// <summary>Names of cells and levels.</summary>
internal static class CellName
{
    public static string Of(double sparsity, int bits) => $"s{sparsity}-b{bits}";
}

/// <summary>How the records of a grid become JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, IgnoreReadOnlyProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(GridRecord))]
[JsonSerializable(typeof(LevelResult))]
[JsonSerializable(typeof(CellResult))]
[JsonSerializable(typeof(GridTable))]
public sealed partial class GridJson : JsonSerializerContext;
