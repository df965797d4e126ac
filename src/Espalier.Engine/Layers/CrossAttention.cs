using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;

namespace Espalier.Engine.Layers;

/// <summary>Multi-head attention of one batch of sequences to another (Vaswani et al. 2017, §3.2.3). Where heads were pruned, what lies
/// between is narrower than H.</summary>
public sealed class CrossAttention
{
    private readonly Linear _query;
    private readonly Linear _keyValue;
    private readonly Linear _output;
    private readonly int _heads;
    private readonly float _dropout;

    /// <summary>Declares the projections.</summary>
    /// <param name="parameters">Where they are declared.</param>
    /// <param name="names">Stems of their names.</param>
    /// <param name="hidden">Width of the residual stream, H.</param>
    /// <param name="heads">Heads, A.</param>
    /// <param name="headSize">Width of a head, D.</param>
    /// <param name="dropout">Dropout of attention probabilities.</param>
    /// <param name="scheme">How weights begin.</param>
    public CrossAttention(
        ParameterSet parameters, AttentionNames names, int hidden, int heads, int headSize, float dropout, WeightScheme scheme)
    {
        (_heads, _dropout) = (heads, dropout);
        int width = heads * headSize;
        _query = new Linear(parameters, names.Query, hidden, width, scheme.Weight(hidden, width));
        _keyValue = new Linear(
            parameters, $"{names.Key}+value", hidden, 2 * width, scheme.Weight(hidden, width), names.Key, names.Value);
        _output = new Linear(parameters, names.Output, width, hidden, scheme.Weight(width, hidden));
    }

    /// <summary>The keys and values of the other batch, M × H to M × 2AD; while decoding they are made once.</summary>
    public Tensor KeysAndValues(Tape tape, Tensor memoryMH) => _keyValue.Apply(tape, memoryMH);

    /// <summary>N × H to N × H; sequence b looks at sequence b of the other batch.</summary>
    public Tensor Apply(Tape tape, Tensor xNH, Tensor keysAndValues, Sequences sequences, Sequences memory)
    {
        Tensor q = _query.Apply(tape, xNH);
        return _output.Apply(tape, Attention.ApplyCross(tape, q, keysAndValues, _heads, sequences, memory, _dropout));
    }
}
