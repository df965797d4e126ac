using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>Layer normalisation by row (Ba et al. 2016, eq. 4).</summary>
internal sealed class LayerNorm : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private Parameter _gain = null!;
    private Parameter _bias = null!;
    private DeviceSpan<float> _mean;
    private DeviceSpan<float> _rstd;

    /// <summary>N × H to N × H.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor Apply(Tape tape, Tensor xNH, Parameter gainH, Parameter biasH, float epsilon)
    {
        Shape x = xNH.Shape;
        ShapeException.Require(gainH.Shape.Columns == x.Columns, nameof(LayerNorm), $"rows of {gainH.Shape.Columns}", x);
        LayerNorm op = tape.Rent<LayerNorm>();
        Tensor y = tape.New(x);
        (op._x, op._y, op._gain, op._bias) = (xNH, y, gainH, biasH);
        (op._mean, op._rstd) = (tape.Allocate(x.Rows), tape.Allocate(x.Rows));
        tape.Kernels.LayerNorm(x.Rows, x.Columns, xNH.Data, gainH.Data, biasH.Data, epsilon, y.Data, op._mean, op._rstd);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        // A gradient that is there already is added by the kernel itself.
        DeviceSpan<float> dx = tape.ClaimGradient(_x, out bool accumulate);
        bool accumulateParameters = _gain.ClaimGradient();
        _bias.ClaimGradient();
        tape.Kernels.LayerNormBackward(
            _x.Shape.Rows, _x.Shape.Columns, _y.Gradient, _x.Data, _gain.Data, _mean, _rstd, accumulate ? dx : default,
            dx, _gain.Gradient, _bias.Gradient, accumulateParameters);
    }
}
