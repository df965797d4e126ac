namespace Espalier.Engine.Weights;

/// <summary>What shares a range of values.</summary>
public enum QuantizationGranularity
{
    /// <summary>A whole tensor.</summary>
    Tensor,

    /// <summary>Each row.</summary>
    Row,

    /// <summary>Each group of consecutive columns of a row.</summary>
    Group,
}

/// <summary>How a tensor is quantized.</summary>
public readonly record struct QuantizationScheme(int Bits, QuantizationGranularity Granularity, int GroupSize);
