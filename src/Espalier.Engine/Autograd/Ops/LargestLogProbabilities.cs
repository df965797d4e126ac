using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>The largest log-probabilities of each row and their columns, for a search: like log softmax it has no gradient.</summary>
internal sealed class LargestLogProbabilities : Operation
{
    /// <summary>N × V logits to N × <paramref name="count"/> log-probabilities, in descending order, and their symbols.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="xNV">The logits.</param>
    /// <param name="count">How many of each row.</param>
    /// <param name="except">Symbols that are passed over.</param>
    public static (Tensor Values, DeviceSpan<int> Symbols) Apply(Tape tape, Tensor xNV, int count, ReadOnlySpan<int> except)
    {
        tape.Rent<LargestLogProbabilities>();
        int rows = xNV.Shape.Rows;
        Tensor values = tape.New(Shape.Matrix(rows, count));
        DeviceSpan<int> symbols = tape.Upload(new int[rows * count]);
        tape.Kernels.LargestLogProbabilities(rows, xNV.Shape.Columns, xNV.Data, count, tape.Upload(except), values.Data, symbols);
        return (values, symbols);
    }
}
