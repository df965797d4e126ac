namespace Espalier.Compression.Analysis;

/// <summary>Something that is measured of a compressed model.</summary>
public enum Measure
{
    /// <summary>Part of the validation examples that are classified right; more is better.</summary>
    Accuracy,

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
/// <param name="Accuracy">Part of the validation examples that are classified right.</param>
/// <param name="Bytes">Bytes of its package on disk.</param>
/// <param name="NominalBits">Bits × parameters that are not zero (§4: of a model that is not pruned, bits × parameters).</param>
/// <param name="NonZero">Parameters that are not zero.</param>
/// <param name="Latency">Median seconds for one example by itself.</param>
/// <param name="TokensPerSecond">Tokens per second in batches of 32.</param>
public sealed record ModelMeasures(
    double Accuracy, long Bytes, long NominalBits, long NonZero, double Latency, double TokensPerSecond)
{
    /// <summary>The value of a measure.</summary>
    public double this[Measure measure] => measure switch
    {
        Measure.Accuracy => Accuracy,
        Measure.Bytes => Bytes,
        Measure.NominalBits => NominalBits,
        Measure.NonZero => NonZero,
        Measure.Latency => Latency,
        Measure.TokensPerSecond => TokensPerSecond,
        _ => throw new ArgumentOutOfRangeException(nameof(measure), measure, "is no measure"),
    };
}
