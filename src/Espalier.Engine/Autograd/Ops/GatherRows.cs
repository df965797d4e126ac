using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>Chosen rows: masked positions, first tokens.</summary>
internal sealed class GatherRows : Operation
{
    private Tensor _x = null!;
    private Tensor _y = null!;
    private DeviceSpan<int> _rows;

    /// <summary>N × H and R row numbers to R × H.</summary>
    public static Tensor Apply(Tape tape, Tensor xNH, DeviceSpan<int> rowsR)
    {
        GatherRows op = tape.Rent<GatherRows>();
        Tensor y = tape.New(Shape.Matrix((int)rowsR.Length, xNH.Shape.Columns));
        (op._x, op._y, op._rows) = (xNH, y, rowsR);
        tape.Kernels.GatherRows(rowsR, xNH.Shape.Columns, xNH.Data, y.Data);
        return y;
    }

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        DeviceSpan<float> dx = tape.ClaimGradient(_x, out bool accumulate);
        if (!accumulate)
        {
            tape.Kernels.Fill(dx, 0);
        }

        tape.Kernels.ScatterAddRows(_rows, _x.Shape.Columns, _y.Gradient, dx);
    }
}
