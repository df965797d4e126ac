using Espalier.Engine.Kernels;
using Espalier.Engine.Memory;

namespace Espalier.Engine.Autograd.Ops;

/// <summary>Multi-head attention over unpadded sequences, between the projections; see <see cref="AttentionArguments"/>.</summary>
internal sealed class Attention : Operation
{
    private Tensor _queries = null!;
    private Tensor _keys = null!;
    private Tensor _y = null!;
    private AttentionArguments _arguments;
    private int _keyColumn;

    /// <summary>Self-attention: N × 3H, queries, keys and values side by side, to N × H.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor ApplySelf(Tape tape, Tensor qkvN3H, int heads, Sequences sequences, bool causal, float dropout)
    {
        int h = qkvN3H.Shape.Columns / 3;
        ShapeException.Require(qkvN3H.Shape.Columns == 3 * h, nameof(Attention), "three equal parts in a row", qkvN3H.Shape);
        return Apply(tape, qkvN3H, qkvN3H, h, h, heads, sequences, sequences, causal, dropout);
    }

    /// <summary>Attention to other tokens: N × H queries, M × 2H keys and values side by side, to N × H.</summary>
    /// <exception cref="ShapeException">The sizes do not fit.</exception>
    public static Tensor ApplyCross(
        Tape tape, Tensor qNH, Tensor kvM2H, int heads, Sequences querySequences, Sequences keySequences, float dropout)
    {
        int h = qNH.Shape.Columns;
        ShapeException.Require(kvM2H.Shape.Columns == 2 * h, nameof(Attention), $"keys and values of {h} each", kvM2H.Shape);
        return Apply(tape, qNH, kvM2H, 0, h, heads, querySequences, keySequences, causal: false, dropout);
    }

    /// <summary>Attention of new tokens to a cache of M × 2H rows, keys and values side by side. B × 3H, whose first part is
    /// the queries, to B × H; there is no dropout, as there is no training with a cache.</summary>
    public static Tensor ApplyCached(
        Tape tape, Tensor qkvB3H, Tensor cacheM2H, int hidden, int heads, Sequences querySequences, Sequences keySequences)
        => Apply(tape, qkvB3H, cacheM2H, 0, hidden, heads, querySequences, keySequences, causal: false, dropout: 0);

    /// <inheritdoc/>
    protected internal override void Backward(Tape tape)
    {
        int h = _y.Shape.Columns;
        DeviceSpan<float> dKeys = tape.BeginOverwrite(_keys);
        DeviceSpan<float> dQueries = _keys == _queries ? dKeys : tape.BeginOverwrite(_queries);
        tape.Kernels.AttentionBackward(_arguments, new AttentionGradients
        {
            O = _y.Gradient,
            Q = dQueries,
            K = Columns(dKeys, _keyColumn),
            V = Columns(dKeys, _keyColumn + h),
        });
        tape.FinishOverwrite(_keys, dKeys);
        if (_keys != _queries)
        {
            tape.FinishOverwrite(_queries, dQueries);
        }
    }

    private static Tensor Apply(Tape tape, Tensor queries, Tensor keys, int keyColumn, int h, int heads,
        Sequences querySequences, Sequences keySequences, bool causal, float dropout)
    {
        ShapeException.Require(h % heads == 0, nameof(Attention), $"a width that {heads} heads divide", Shape.Vector(h));
        Attention op = tape.Rent<Attention>();
        Tensor y = tape.New(Shape.Matrix(queries.Shape.Rows, h));
        (op._queries, op._keys, op._y, op._keyColumn) = (queries, keys, y, keyColumn);
        op._arguments = new AttentionArguments
        {
            Sequences = querySequences.Count,
            Heads = heads,
            HeadSize = h / heads,
            Scale = 1 / MathF.Sqrt(h / heads),
            QueryOffsets = querySequences.Offsets,
            KeyOffsets = keySequences.Offsets,
            LongestKeys = keySequences.Longest,
            Q = queries.Data,
            LdQ = queries.Shape.Columns,
            LdKV = keys.Shape.Columns,
            K = Columns(keys.Data, keyColumn),
            V = Columns(keys.Data, keyColumn + h),
            Causal = causal,
            Dropout = tape.NextDropout(dropout),
            O = y.Data,
            LogSumExp = tape.Recording ? tape.Allocate((long)queries.Shape.Rows * heads) : default,
        };
        tape.Kernels.Attention(op._arguments);
        return y;
    }

    private static DeviceSpan<float> Columns(DeviceSpan<float> matrix, int first)
        => matrix.IsEmpty ? matrix : matrix.Slice(first, matrix.Length - first);
}
