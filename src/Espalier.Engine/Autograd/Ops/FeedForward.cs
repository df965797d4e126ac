using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>
/// y = activation(x·W₁ᵀ + b₁)·W₂ᵀ + b₂ (Vaswani et al. 2017, eq. 2). As one op because the activation's derivative, kept
/// by the first product, is multiplied in by the epilogue of the backward product that needs it: the wide matrix is
/// never passed over by itself. Its twin is two <see cref="Linear"/> ops.
/// </summary>
internal sealed class FeedForward : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private Parameter _up = null!;
    private Parameter _down = null!;
    private Parameter? _upBias;
    private Parameter? _downBias;
    private DeviceSpan<float> _inner;
    private DeviceSpan<float> _derivative;

    /// <summary>N × H to N × H by way of N × F.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor Apply(
        Tape tape, Tensor xNH, Parameter upFH, Parameter? upBiasF, Parameter downHF, Parameter? downBiasH, Activation activation)
    {
        (int n, int h, int f) = (xNH.Shape.Rows, xNH.Shape.Columns, upFH.Shape.Rows);
        ShapeException.Require(upFH.Shape.Columns == h, nameof(FeedForward), $"rows of {upFH.Shape.Columns} for {upFH.Name}", xNH.Shape);
        ShapeException.Require(
            downHF.Shape.Columns == f, nameof(FeedForward), $"{f} columns to follow {upFH.Name}", downHF.Shape);
        FeedForward op = tape.Rent<FeedForward>();
        Tensor y = tape.New(Shape.Matrix(n, downHF.Shape.Rows));
        op._inner = tape.Allocate((long)n * f);
        op._derivative = tape.Recording ? tape.Allocate((long)n * f) : default;
        (op._x, op._y, op._up, op._down, op._upBias, op._downBias) = (xNH, y, upFH, downHF, upBiasF, downBiasH);
        Linear.Project(tape, xNH.Data, n, upFH, upBiasF, activation, op._derivative, op._inner);
        Linear.Project(tape, op._inner, n, downHF, downBiasH, Activation.None, default, y.Data);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        var inner = Shape.Matrix(_x.Shape.Rows, _up.Shape.Rows);
        Linear.WeightGradient(tape, _y.Gradient, _inner, inner, _down, _downBias);

        // The inner values are not needed again: their gradient takes their place.
        Linear.InputGradient(tape, _y.Gradient, _down, inner.Rows, _inner, accumulate: false, _derivative);
        Linear.WeightGradient(tape, _inner, _x.Data, _x.Shape, _up, _upBias);
        Linear.InputGradient(tape, _inner, _up, _x, factor: default);
    }
}
