namespace Espalier.Engine.Autograd.Ops;

/// <summary>log softmax by row, for predictions; losses have an op of their own, so this one has no gradient.</summary>
internal sealed class LogSoftmax : Operation
{
    /// <summary>N × V logits to N × V log-probabilities.</summary>
    public static Tensor Apply(Tape tape, Tensor xNV)
    {
        tape.Rent<LogSoftmax>();
        Tensor y = tape.New(xNV.Shape);
        tape.Kernels.LogSoftmax(xNV.Shape.Rows, xNV.Shape.Columns, xNV.Data, y.Data);
        return y;
    }
}
