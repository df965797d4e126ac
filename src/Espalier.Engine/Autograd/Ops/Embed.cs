using Espalier.Engine.Memory;
using Espalier.Engine.Weights;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>Rows of a table by token id, times a factor, plus rows of a second table by place.</summary>
internal sealed class Embed : Operation
{
    private Tensor _y = null!;
    private Parameter _table = null!;
    private Parameter? _positions;
    private DeviceSpan<int> _ids;
    private DeviceSpan<int> _places;
    private float _scale;

    /// <summary>N ids and N places to N × H; learned positions.</summary>
    public static Tensor Apply(Tape tape, DeviceSpan<int> idsN, DeviceSpan<int> placesN, Parameter tableVH, Parameter positionsTH)
    {
        Tensor y = Apply(tape, idsN, placesN, tableVH, positionsTH.Data, 1, out Embed op);
        op._positions = positionsTH;
        positionsTH.Compressed?.Gather(tape.Kernels, placesN, y.Data, accumulate: true);
        return y;
    }

    /// <summary>N ids and N places to N × H; positions that are not learned.</summary>
    public static Tensor Apply(
        Tape tape, DeviceSpan<int> idsN, DeviceSpan<int> placesN, Parameter tableVH, DeviceSpan<float> positionsTH, float scale)
        => Apply(tape, idsN, placesN, tableVH, positionsTH, scale, out _);

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        int h = _y.Shape.Columns;
        ScatterAdd(tape, _ids, h, _y.Gradient, _scale, _table);
        if (_positions != null)
        {
            ScatterAdd(tape, _places, h, _y.Gradient, 1, _positions);
        }
    }

    private static Tensor Apply(Tape tape, DeviceSpan<int> ids, DeviceSpan<int> places, Parameter table, DeviceSpan<float> positions,
        float scale, out Embed op)
    {
        op = tape.Rent<Embed>();
        Tensor y = tape.New(Shape.Matrix((int)ids.Length, table.Shape.Columns));
        (op._y, op._table, op._positions, op._ids, op._places, op._scale) = (y, table, null, ids, places, scale);
        if (table.Compressed is { } compressed)
        {
            GatherCompressed(tape, ids, places, compressed, positions, scale, y);
        }
        else
        {
            tape.Kernels.EmbeddingGather(
                ids, positions.IsEmpty ? default : places, table.Shape.Columns, table.Data, positions, scale, y.Data);
        }

        return y;
    }

    private static void GatherCompressed(Tape tape, DeviceSpan<int> ids, DeviceSpan<int> places, Weight table,
        DeviceSpan<float> positions, float scale, Tensor y)
    {
        table.Gather(tape.Kernels, ids, y.Data, accumulate: false);
        if (scale != 1)
        {
            tape.Kernels.Scale(y.Data, scale, y.Data);
        }

        if (!positions.IsEmpty)
        {
            DeviceSpan<float> placed = tape.AllocateTemporary(y.Shape.Count);
            tape.Kernels.GatherRows(places, y.Shape.Columns, positions, placed);
            tape.Kernels.Add(y.Data, placed, y.Data);
            tape.FreeTemporary(placed);
        }
    }

    private static void ScatterAdd(Tape tape, DeviceSpan<int> ids, int columns, DeviceSpan<float> dy, float scale, Parameter table)
    {
        table.RequireGradient(nameof(Embed));
        if (!table.ClaimGradient())
        {
            tape.Kernels.Fill(table.Gradient, 0);
        }

        tape.Kernels.EmbeddingScatterAdd(ids, columns, dy, scale, table.Gradient);
    }
}
