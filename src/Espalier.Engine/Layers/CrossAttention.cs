using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;

namespace Espalier.Engine.Layers;

/// <summary>Multi-head attention of one batch of sequences to another (Vaswani et al. 2017, §3.2.3).</summary>
public sealed class CrossAttention
{
    private readonly Linear _query;
    private readonly Linear _keyValue;
    private readonly Linear _output;
    private readonly int _heads;
    private readonly float _dropout;

    /// <summary>Declares the projections.</summary>
    public CrossAttention(ParameterSet parameters, AttentionNames names, int hidden, int heads, float dropout, WeightScheme scheme)
    {
        (_heads, _dropout) = (heads, dropout);
        _query = new Linear(parameters, names.Query, hidden, hidden, scheme.Weight(hidden, hidden));
        _keyValue = new Linear(
            parameters, $"{names.Key}+value", hidden, 2 * hidden, scheme.Weight(hidden, hidden), names.Key, names.Value);
        _output = new Linear(parameters, names.Output, hidden, hidden, scheme.Weight(hidden, hidden));
    }

    /// <summary>The keys and values of the other batch, M × H to M × 2H; while decoding they are made once.</summary>
    public Tensor KeysAndValues(Tape tape, Tensor memoryMH) => _keyValue.Apply(tape, memoryMH);

    /// <summary>N × H to N × H; sequence b looks at sequence b of the other batch.</summary>
    public Tensor Apply(Tape tape, Tensor xNH, Tensor keysAndValuesM2H, Sequences sequences, Sequences memory)
    {
        Tensor q = _query.Apply(tape, xNH);
        return _output.Apply(tape, Attention.ApplyCross(tape, q, keysAndValuesM2H, _heads, sequences, memory, _dropout));
    }
}
