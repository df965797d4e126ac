using Espalier.Engine.Autograd;
using Espalier.Engine.Autograd.Ops;

namespace Espalier.Engine.Layers;

/// <summary>
/// Multi-head self-attention (Vaswani et al. 2017, §3.2.2). Queries, keys and values come from one product with a matrix
/// of 3H × H; checkpoints hold its three parts apart. Where heads were pruned, what lies between is narrower than H.
/// </summary>
public sealed class SelfAttention
{
    private readonly Linear _projection;
    private readonly Linear _output;
    private readonly int _heads;
    private readonly int _width;
    private readonly float _dropout;

    /// <summary>Declares the projections.</summary>
    /// <param name="parameters">Where they are declared.</param>
    /// <param name="names">Stems of their names.</param>
    /// <param name="layer">Number of its layer, from 0.</param>
    /// <param name="hidden">Width of the residual stream, H.</param>
    /// <param name="heads">Heads, A.</param>
    /// <param name="headSize">Width of a head.</param>
    /// <param name="dropout">Dropout of attention probabilities.</param>
    /// <param name="scheme">How weights begin.</param>
    public SelfAttention(
        ParameterSet parameters, AttentionNames names, int layer, int hidden, int heads, int headSize, float dropout, WeightScheme scheme)
    {
        (_heads, _dropout, _width) = (heads, dropout, heads * headSize);
        _projection = new Linear(
            parameters, $"{names.Query}+key+value", hidden, 3 * _width, scheme.Attention(layer, heads, headSize), names.Query, names.Key, names.Value);
        _output = new Linear(parameters, names.Output, _width, hidden, scheme.Weight(_width, hidden));
    }

    /// <summary>N × H to N × H; each token looks at its own sequence, with <paramref name="causal"/> at no later token.</summary>
    public Tensor Apply(Tape tape, Tensor xNH, Sequences sequences, bool causal)
    {
        Tensor qkv = _projection.Apply(tape, xNH);
        return _output.Apply(tape, Attention.ApplySelf(tape, qkv, _heads, sequences, causal, _dropout));
    }

    /// <summary>
    /// One more token for each of B hypotheses: adds its key and value to the cache and looks at all that are there.
    /// B × H to B × H.
    /// </summary>
    internal Tensor Step(Tape tape, Tensor xBH, KeyValueCache cache, int layer)
    {
        Tensor qkv = _projection.Apply(tape, xBH);
        (Tensor all, Sequences queries, Sequences keys) = cache.Append(layer, qkv);
        Tensor y = Attention.ApplyCached(tape, qkv, all, _width, _heads, queries, keys);
        return _output.Apply(tape, y);
    }
}
