namespace Espalier.Engine.Kernels;

/// <summary>Kernels that have several ways of multiplying with compressed weights and say which one they took.</summary>
internal interface IReportsPath
{
    /// <summary>The way of the last product with a compressed weight; null before the first.</summary>
    string? Path { get; }
}
