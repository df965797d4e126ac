using Espalier.Engine.Memory;
using Espalier.Engine.Random;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>
/// s = residual + dropout(x) and y = layer norm(s): the seam between two sub-layers, pre-norm (both results are used) or
/// post-norm (y alone). Its twin is <see cref="Dropout"/>, <see cref="Add"/> and <see cref="LayerNorm"/>.
/// </summary>
internal sealed class ResidualLayerNorm : Operation
{
    private Tensor _residual = null!;
    private Tensor _x = null!;
    private Tensor _sum = null!;
    private Tensor _y = null!;
    private Parameter _gain = null!;
    private Parameter _bias = null!;
    private DropoutMask _dropout;
    private DeviceSpan<float> _mean;
    private DeviceSpan<float> _rstd;

    /// <summary>N × H and N × H to N × H twice.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static (Tensor Sum, Tensor Y) Apply(
        Tape tape, Tensor residualNH, Tensor xNH, float dropout, Parameter gainH, Parameter biasH, float epsilon)
    {
        Shape x = xNH.Shape;
        ShapeException.Require(residualNH.Shape == x, nameof(ResidualLayerNorm), $"a residual of {x}", residualNH.Shape);
        ShapeException.Require(gainH.Shape.Columns == x.Columns, nameof(ResidualLayerNorm), $"rows of {gainH.Shape.Columns}", x);
        ResidualLayerNorm op = tape.Rent<ResidualLayerNorm>();
        (Tensor sum, Tensor y) = (tape.New(x), tape.New(x));
        (op._residual, op._x, op._sum, op._y, op._gain, op._bias) = (residualNH, xNH, sum, y, gainH, biasH);
        (op._mean, op._rstd) = (tape.Allocate(x.Rows), tape.Allocate(x.Rows));
        op._dropout = tape.NextDropout(dropout);
        tape.Kernels.ResidualDropoutLayerNorm(
            x.Rows, x.Columns, residualNH.Data, xNH.Data, op._dropout, gainH.Data, biasH.Data, epsilon,
            sum.Data, y.Data, op._mean, op._rstd);
        return (sum, y);
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        // The sum's own gradient, if it has one, is worked on in place and handed on as the residual's.
        DeviceSpan<float> dSum = tape.ClaimGradient(_sum, out bool hasOwn);
        DeviceSpan<float> dx = tape.BeginOverwrite(_x);
        bool accumulateParameters = _gain.ClaimGradient();
        _bias.ClaimGradient();
        tape.Kernels.ResidualDropoutLayerNormBackward(
            _x.Shape.Rows, _x.Shape.Columns, _y.Gradient, _sum.Data, _gain.Data, _mean, _rstd, hasOwn ? dSum : default,
            _dropout, dSum, dx, _gain.Gradient, _bias.Gradient, accumulateParameters);
        tape.FinishOverwrite(_x, dx);
        _sum.Gradient = default;
        tape.GiveGradient(_residual, dSum);
    }
}
