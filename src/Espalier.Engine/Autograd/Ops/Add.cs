namespace Espalier.Engine.Autograd.Ops;

/// <summary>a + b by element.</summary>
internal sealed class Add : Operation
{
    private Tensor _a = null!;
    private Tensor _b = null!;
    private Tensor _y = null!;

    /// <summary>Two tensors of one shape to a third.</summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    public static Tensor Apply(Tape tape, Tensor a, Tensor b)
    {
        ShapeException.Require(a.Shape == b.Shape, nameof(Add), $"{a.Shape}", b.Shape);
        Add op = tape.Rent<Add>();
        Tensor y = tape.New(a.Shape);
        (op._a, op._b, op._y) = (a, b, y);
        tape.Kernels.Add(a.Data, b.Data, y.Data);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        AddTo(tape, _a);
        AddTo(tape, _b);
    }

    private void AddTo(Tape tape, Tensor x)
    {
        var dx = tape.ClaimGradient(x, out bool accumulate);
        if (accumulate)
        {
            tape.Kernels.Add(dx, _y.Gradient, dx);
        }
        else
        {
            tape.Kernels.Scale(_y.Gradient, 1, dx);
        }
    }
}
