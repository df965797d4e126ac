using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>y = activation(x·Wᵀ + b), all in one product; its twin is <see cref="Linear"/> without activation followed by
/// <see cref="Activate"/>.</summary>
internal sealed class Linear : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;
    private DeviceSpan<float> _derivative;

    /// <summary>N × I times the transpose of O × I gives N × O.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor Apply(Tape tape, Tensor xNI, Parameter weightOI, Parameter? biasO, Activation activation = Activation.None)
    {
        (Shape x, Shape w) = (xNI.Shape, weightOI.Shape);
        ShapeException.Require(x.Columns == w.Columns, nameof(Linear), $"rows of {w.Columns} for {weightOI.Name}", x);
        Linear op = tape.Rent<Linear>();
        Tensor y = tape.New(Shape.Matrix(x.Rows, w.Rows));
        bool keepDerivative = tape.Recording && activation != Activation.None;
        op._derivative = keepDerivative ? tape.Allocate(y.Shape.Count) : default;
        (op._x, op._y, op._weight, op._bias) = (xNI, y, weightOI, biasO);
        Project(tape, xNI.Data, x.Rows, weightOI, biasO, activation, op._derivative, y.Data);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        if (!_derivative.IsEmpty)
        {
            tape.Kernels.Multiply(_y.Gradient, _derivative, _y.Gradient);
        }

        InputGradient(tape, _y.Gradient, _weight, _x, factor: default);
        WeightGradient(tape, _y.Gradient, _x.Data, _x.Shape, _weight, _bias);
    }

    /// <summary>y = activation(x·Wᵀ + b) with the weight as it is held; also the activation's derivative, unless that span is
    /// empty or the weight is compressed and so has no backward pass.</summary>
    internal static void Project(Tape tape, DeviceSpan<float> xNI, int rows, Parameter weightOI, Parameter? biasO,
        Activation activation, DeviceSpan<float> derivative, DeviceSpan<float> yNO)
    {
        Shape w = weightOI.Shape;
        DeviceSpan<float> bias = biasO?.Data ?? default;
        if (weightOI.Compressed is { } compressed)
        {
            compressed.Multiply(
                tape.Kernels, new WeightProduct { Tokens = rows, X = xNI, Bias = bias, Activation = activation, Y = yNO });
            return;
        }

        tape.Kernels.Gemm(new GemmArguments
        {
            M = rows,
            N = w.Rows,
            K = w.Columns,
            TransposeB = true,
            A = xNI,
            LdA = w.Columns,
            B = weightOI.Data,
            LdB = w.Columns,
            C = yNO,
            LdC = w.Rows,
            Bias = bias,
            Activation = activation,
            Derivative = derivative,
        });
    }

    /// <summary>dx = dy·W, times <paramref name="factor"/> by element where it is not empty.</summary>
    internal static void InputGradient(Tape tape, DeviceSpan<float> dyNO, Parameter weightOI, Tensor xNI, DeviceSpan<float> factor)
    {
        DeviceSpan<float> dx = tape.ClaimGradient(xNI, out bool accumulate);
        InputGradient(tape, dyNO, weightOI, xNI.Shape.Rows, dx, accumulate, factor);
    }

    internal static void InputGradient(
        Tape tape, DeviceSpan<float> dyNO, Parameter weightOI, int rows, DeviceSpan<float> dx, bool accumulate, DeviceSpan<float> factor)
    {
        weightOI.RequireGradient(nameof(Linear));
        Shape w = weightOI.Shape;
        tape.Kernels.Gemm(new GemmArguments
        {
            M = rows,
            N = w.Columns,
            K = w.Rows,
            A = dyNO,
            LdA = w.Rows,
            B = weightOI.Data,
            LdB = w.Columns,
            C = dx,
            LdC = w.Columns,
            Accumulate = accumulate,
            Factor = factor,
        });
    }

    /// <summary>dW = dyᵀ·x, and the bias's gradient, the sums of dy's columns, from the same pass.</summary>
    internal static void WeightGradient(
        Tape tape, DeviceSpan<float> dyNO, DeviceSpan<float> xNI, Shape x, Parameter weightOI, Parameter? biasO)
    {
        Shape w = weightOI.Shape;
        weightOI.RequireGradient(nameof(Linear));
        bool accumulate = weightOI.ClaimGradient();

        // A bias that is written at other times than its weight (a tied weight's) takes a pass of its own.
        bool together = biasO != null && biasO.HasGradient == accumulate;
        tape.Kernels.Gemm(new GemmArguments
        {
            M = w.Rows,
            N = w.Columns,
            K = x.Rows,
            TransposeA = true,
            A = dyNO,
            LdA = w.Rows,
            B = xNI,
            LdB = w.Columns,
            C = weightOI.Gradient,
            LdC = w.Columns,
            Accumulate = accumulate,
            RowSums = together ? biasO!.Gradient : default,
        });
        if (biasO != null)
        {
            bool accumulateBias = biasO.ClaimGradient();
            if (!together)
            {
                tape.Kernels.SumRows(x.Rows, w.Rows, dyNO, biasO.Gradient, accumulateBias);
            }
        }
    }
}
