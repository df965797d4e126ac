namespace Espalier.Compression.Quantization;

/// <summary>Which part of the number line the codes are spread over.</summary>
public enum RangeRule
{
    /// <summary>From the smallest to the largest value, as the paper (§4.2).</summary>
    MinMax,

    /// <summary>The one of least squared error; what lies outside is clamped. Its error is never larger than that of min–max.</summary>
    LeastSquares,
}
