using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>Zeroes elements at random and scales the rest (Srivastava et al. 2014); the mask is drawn again backward.</summary>
internal sealed class Dropout : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private DropoutMask _mask;

    /// <summary>x itself when nothing is dropped.</summary>
    public static Tensor Apply(Tape tape, Tensor x, float probability)
    {
        DropoutMask mask = tape.NextDropout(probability);
        if (mask.IsNone)
        {
            return x;
        }

        Dropout op = tape.Rent<Dropout>();
        Tensor y = tape.New(x.Shape);
        (op._x, op._y, op._mask) = (x, y, mask);
        tape.Kernels.Dropout(x.Shape.Rows, x.Shape.Columns, x.Data, mask, y.Data, accumulate: false);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        DeviceSpan<float> dx = tape.ClaimGradient(_x, out bool accumulate);
        tape.Kernels.Dropout(_x.Shape.Rows, _x.Shape.Columns, _y.Gradient, _mask, dx, accumulate);
    }
}
