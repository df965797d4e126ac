using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>An activation by itself.</summary>
internal sealed class Activate : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private DeviceSpan<float> _derivative;

    /// <summary>Any shape to the same shape.</summary>
    public static Tensor Apply(Tape tape, Tensor x, Activation activation)
    {
        Activate op = tape.Rent<Activate>();
        Tensor y = tape.New(x.Shape);
        op._derivative = tape.Recording ? tape.Allocate(x.Shape.Count) : default;
        (op._x, op._y) = (x, y);
        tape.Kernels.Activate(activation, x.Data, y.Data, op._derivative);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        DeviceSpan<float> dx = tape.BeginOverwrite(_x);
        tape.Kernels.Multiply(_y.Gradient, _derivative, dx);
        tape.FinishOverwrite(_x, dx);
    }
}
