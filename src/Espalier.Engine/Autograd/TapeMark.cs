namespace Espalier.Engine.Autograd;

/// <summary>How far a tape had come; see <see cref="Tape.Mark"/>.</summary>
public readonly record struct TapeMark
{
    internal TapeMark(int tensors, int allocations) => (Tensors, Allocations) = (tensors, allocations);

    internal int Tensors { get; }

    internal int Allocations { get; }
}
