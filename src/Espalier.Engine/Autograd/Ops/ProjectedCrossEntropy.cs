using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>
/// Output projection, softmax and cross-entropy with label smoothing as one op: the logits become their own gradient in
/// place, so that one R × V matrix serves where three would. It is the loss: nothing may follow it.
/// </summary>
internal sealed class ProjectedCrossEntropy : Operation
{
    private Tensor _x = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;
    private DeviceSpan<float> _logitsGradient;

    /// <summary>R × H against V × H classes; the result is weight · Σ over rows of the loss.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="xRH">Rows to classify.</param>
    /// <param name="weightVH">A row for each class.</param>
    /// <param name="biasV">A bias for each class.</param>
    /// <param name="targetsR">The right class of each row.</param>
    /// <param name="smoothing">Label smoothing, in [0, 1).</param>
    /// <param name="weight">1 / R for the batch's mean; 1 / all rows of the effective batch with several micro-batches.</param>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor Apply(
        Tape tape, Tensor xRH, Parameter weightVH, Parameter? biasV, DeviceSpan<int> targetsR, float smoothing, float weight)
    {
        (int rows, int classes) = (xRH.Shape.Rows, weightVH.Shape.Rows);
        ShapeException.Require(targetsR.Length == rows, nameof(ProjectedCrossEntropy), $"{targetsR.Length} rows", xRH.Shape);
        if (!float.IsFinite(weight))
        {
            throw new ArgumentException($"the loss of {rows} rows has weight {weight}; a batch with nothing to predict has no loss");
        }

        ProjectedCrossEntropy op = tape.Rent<ProjectedCrossEntropy>();
        Tensor loss = tape.New(Shape.Vector(1));
        DeviceSpan<float> logits = tape.Allocate((long)rows * classes), losses = tape.Allocate(rows);
        (op._x, op._weight, op._bias, op._logitsGradient) = (xRH, weightVH, biasV, logits);
        Project(tape, xRH, weightVH, biasV, logits);
        tape.Kernels.SoftmaxCrossEntropy(rows, classes, logits, targetsR, smoothing, weight, losses);
        tape.Kernels.Sum(losses, weight, loss.Data);
        return loss;
    }

    /// <summary>logits = x·Wᵀ + b.</summary>
    internal static void Project(Tape tape, Tensor xRH, Parameter weightVH, Parameter? biasV, DeviceSpan<float> logits)
    {
        (int rows, int h) = (xRH.Shape.Rows, xRH.Shape.Columns);
        ShapeException.Require(weightVH.Shape.Columns == h, nameof(ProjectedCrossEntropy), $"rows of {weightVH.Shape.Columns}", xRH.Shape);
        Linear.Project(tape, xRH.Data, rows, weightVH, biasV, Activation.None, default, logits);
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        Linear.WeightGradient(tape, _logitsGradient, _x.Data, _x.Shape, _weight, _bias);
        Linear.InputGradient(tape, _logitsGradient, _weight, _x, factor: default);
    }
}
