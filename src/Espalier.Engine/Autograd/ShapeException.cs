using System.Runtime.CompilerServices;

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

    internal static void Require(
        bool holds, string operation, [InterpolatedStringHandlerArgument(nameof(holds))] ref Expectation expected, Shape actual)
    {
        if (!holds)
        {
            throw new ShapeException(operation, expected.Text(), actual);
        }
    }

    /// <summary>Text that is put together only when it is needed: a training step checks shapes and allocates nothing.</summary>
    [InterpolatedStringHandler]
    internal ref struct Expectation
    {
        private DefaultInterpolatedStringHandler _text;

        public Expectation(int literalLength, int formattedCount, bool holds, out bool needed)
        {
            needed = !holds;
            _text = needed ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
        }

        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

        public string Text() => _text.ToStringAndClear();
    }
}
