namespace Espalier.Engine.Autograd;

/// <summary>Shapes that do not fit together.</summary>
public sealed class ShapeException : ArgumentException
{
    /// <summary>Names the op, what was expected and what it was given.</summary>
    public ShapeException(string operation, string expected, Shape actual)
        : base($"{operation}: expected {expected}, got {actual}") => (Operation, Actual) = (operation, actual);

    /// <summary>The op that refused.</summary>
    public string Operation { get; }

    /// <summary>The shape it refused.</summary>
    public Shape Actual { get; }

    internal static void Require(bool holds, string operation, string expected, Shape actual)
    {
        if (!holds)
        {
            throw new ShapeException(operation, expected, actual);
        }
    }
}
