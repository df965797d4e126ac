using System.Text.Json.Serialization;

namespace Espalier.Compression.Analysis;

/// <summary>Something that is measured of a compressed model.</summary>
public enum Measure
{
    /// <summary>How good it is, by the <see cref="QualityMetric"/> of its task; more is better.</summary>
    Quality,

    /// <summary>Bytes of its package on disk; fewer are better.</summary>
    Bytes,

    /// <summary>The paper's measure of memory, bits × parameters; fewer are better.</summary>
    NominalBits,

    /// <summary>Parameters that are not zero; fewer are better.</summary>
    NonZero,

    /// <summary>Seconds for one example by itself; fewer are better.</summary>
    Latency,

    /// <summary>Tokens per second in batches; more are better.</summary>
    TokensPerSecond,
}

/// <summary>What was measured of a compressed model.</summary>
/// <param name="Quality">How good it is on the development set, by the <see cref="QualityMetric"/> of its task.</param>
/// <param name="Bytes">Bytes of its package on disk.</param>
/// <param name="NominalBits">Bits × parameters that are not zero (§4: of a model that is not pruned, bits × parameters).</param>
/// <param name="NonZero">Parameters that are not zero.</param>
/// <param name="Latency">Median seconds for one example by itself.</param>
/// <param name="TokensPerSecond">Tokens per second in batches of 32: those that are read by a classifier, those that are written by a model
/// that translates.</param>
public sealed record ModelMeasures(
    [property: JsonRequired] double Quality, long Bytes, long NominalBits, long NonZero, double Latency, double TokensPerSecond)
{
    /// <summary>The value of a measure.</summary>
    public double this[Measure measure] => measure switch
    {
        Measure.Quality => Quality,
        Measure.Bytes => Bytes,
        Measure.NominalBits => NominalBits,
        Measure.NonZero => NonZero,
        Measure.Latency => Latency,
        Measure.TokensPerSecond => TokensPerSecond,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "is no measure"),
    };
}
