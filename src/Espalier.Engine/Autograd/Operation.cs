namespace Espalier.Engine.Autograd;

/// <summary>
/// One entry of the tape: what an op saved for its backward pass. An op is one file in <c>Ops/</c>: a static method that
/// computes the result and records the entry, the fields that are saved, and <see cref="Backward"/>.
/// </summary>
public abstract class Operation
{
    /// <summary>The op's name in messages.</summary>
    public virtual string Name => GetType().Name;

    /// <summary>Adds to the gradients of inputs and parameters, given those of the results.</summary>
    /// <exception cref="NotSupportedException">The op has no gradient.</exception>
    protected internal virtual void Backward(Tape tape)
        => throw new NotSupportedException($"{Name} has no gradient; it cannot stand between parameters and a loss");

    internal int FirstTensor { get; set; }

    internal int FirstAllocation { get; set; }
}
