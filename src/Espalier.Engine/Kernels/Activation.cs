namespace Espalier.Engine.Kernels;

/// <summary>Element-wise functions between two linear layers.</summary>
public enum Activation
{
    /// <summary>x.</summary>
    None,

    /// <summary>x·Φ(x), with Φ the normal distribution function, not its tanh approximation (Hendrycks and Gimpel 2016).</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>tanh(x).</summary>
    Tanh,
}
